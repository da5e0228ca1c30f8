/**
 * The dataset that a URI names, or whose column it names; null for all else. In the name of a column a `#` of the dataset is
 * written `%23`, so that the first `#` (`%23` in the URI) separates the two.
 */
export function datasetOf(uri: string): string | null {
  if (uri.startsWith('mlg://dataset/')) return uri;
  const parts = /^mlg:\/\/column\/([^/]+)\/([^/]+?)%23[^/]+$/.exec(uri);
  return parts ? `mlg://dataset/${parts[1]}/${parts[2]?.replaceAll('%2523', '%23')}` : null;
}
