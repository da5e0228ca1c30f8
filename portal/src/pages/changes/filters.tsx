import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, useId } from 'react';
import { AssetName } from '@/ui/asset-name';
import { AssetPicker } from '@/ui/asset-picker';
import { FilterFold } from '@/ui/filter-fold';
import { activeFilters, type ChangesSearch, fieldOf, ofField } from './feed';

const route = getRouteApi('/changes');
const DAY_MS = 86_400_000;
const DAYS = [
  { days: 1, words: 'Last day' },
  { days: 7, words: 'Last 7 days' },
  { days: 30, words: 'Last 30 days' },
];
const OWNERS = ['team', 'person'];

/** Period, owner and asset; all of them stand in the address. */
export function Filters({ search }: { search: ChangesSearch }) {
  const navigate = route.useNavigate();
  const change = (part: ChangesSearch) =>
    void navigate({ search: (now: object) => ({ ...now, ...part }) as never, resetScroll: false });
  return (
    <search className="feed-s" aria-label="Filters">
      <FilterFold active={activeFilters(search)} className="feed-f">
        <PeriodForm key={`${search.from} ${search.to}`} search={search} onChange={change} />
        <AssetFilter label="Owner" uri={search.owner} kinds={OWNERS} onChange={(owner) => change({ owner })} />
        <AssetFilter label="Asset" uri={search.uri} onChange={(uri) => change({ uri })} />
      </FilterFold>
    </search>
  );
}

interface PeriodProps {
  readonly search: ChangesSearch;
  readonly onChange: (part: ChangesSearch) => void;
}

function PeriodForm({ search: { from, to }, onChange }: PeriodProps) {
  const id = useId();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    onChange({ from: ofField(String(fields.get('from')), from), to: ofField(String(fields.get('to')), to) });
  };
  const last = (days: number) =>
    onChange({ from: days === 1 ? undefined : new Date(Date.now() - days * DAY_MS).toISOString(), to: undefined });
  return (
    <form className="feed-p" onSubmit={submit}>
      <fieldset className="acts">
        <legend className="vh">Period</legend>
        {DAYS.map(({ days, words }) => (
          <button key={days} className="btn" type="button" onClick={() => last(days)}>
            {words}
          </button>
        ))}
      </fieldset>
      <p>
        <label htmlFor={`${id}-from`}>From</label>
        <input id={`${id}-from`} className="field" type="datetime-local" name="from" defaultValue={shown(from)} />
      </p>
      <p>
        <label htmlFor={`${id}-to`}>To</label>
        <input id={`${id}-to`} className="field" type="datetime-local" name="to" defaultValue={shown(to)} />
      </p>
      <button className="btn" type="submit">
        Show this period
      </button>
    </form>
  );
}

const shown = (at: string | undefined): string => (at === undefined ? '' : fieldOf(new Date(at)));

interface AssetFilterProps {
  readonly label: string;
  readonly uri: string | undefined;
  readonly kinds?: readonly string[];
  readonly onChange: (uri: string | undefined) => void;
}

function AssetFilter({ label, uri, kinds, onChange }: AssetFilterProps) {
  if (uri === undefined) {
    return <AssetPicker label={label} {...(kinds ? { kinds } : {})} onPick={(picked) => onChange(picked.uri)} />;
  }
  return (
    <div className="feed-c">
      <span className="feed-l">{label}</span>
      <AssetName uri={uri} />
      <button className="btn" type="button" aria-label={`Remove the filter ${label}`} onClick={() => onChange(undefined)}>
        Remove
      </button>
    </div>
  );
}
