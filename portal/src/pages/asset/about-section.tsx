import type { Asset } from '@/api/generated';
import { DescriptionEditor } from './edit-description';

/** The description, which people can write. */
export function AboutSection({ asset }: { asset: Asset }) {
  return (
    <section id="about" aria-label="About">
      <DescriptionEditor asset={asset} />
    </section>
  );
}
