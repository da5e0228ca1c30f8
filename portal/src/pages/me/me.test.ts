import { describe, expect, it } from 'vitest';
import type { CallerSession } from '@/api/generated';
import { rightsOf } from './rights';

const NOBODY: CallerSession = {
  actor: null,
  by: null,
  sign_in: 'required',
  admin: false,
  source: null,
  environment: null,
  writes_curation: false,
  csrf_token: null,
  expires_at: null,
};

describe('the rights of this browser', () => {
  it('are those without a token until somebody signs in', () => {
    expect(rightsOf(NOBODY)).toEqual(['It may do what the server allows without a token.']);
  });

  it('name what may be written, and for whom', () => {
    const reader = { ...NOBODY, actor: 'ann', by: 'session' } as const;
    expect(rightsOf(reader)).toEqual(['It may read; it may not write curation.']);
    expect(rightsOf({ ...reader, writes_curation: true, admin: true, source: 'prod', environment: 'staging' })).toHaveLength(4);
  });
});
