/** Every path that the server answers with the portal; a page exists once a folder of `pages/` defines it. */
export const PAGE_PATHS = [
  '/',
  '/search',
  '/asset',
  '/lineage',
  '/impact',
  '/compare',
  '/path',
  '/why',
  '/plan',
  '/live',
  '/changes',
  '/team',
  '/me',
  '/sources',
  '/coverage',
  '/dead-letters',
] as const;

export type PagePath = (typeof PAGE_PATHS)[number];
