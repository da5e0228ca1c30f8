/** How a relation reads from one of its ends. `phrase` goes into a sentence: it is given "12 workflows", or a name. */
export interface RelationLabel {
  readonly title: string;
  readonly phrase: (others: string) => string;
}

type Direction = 'in' | 'out';

const label = (title: string, phrase: (others: string) => string): RelationLabel => ({ title, phrase });

/** By relation and by the direction in which it leaves or enters the asset; in the order in which groups are shown. */
const LABELS: Readonly<Record<string, RelationLabel>> = {
  'outputs in': label('Written by', (others) => `written by ${others}`),
  'input_to out': label('Read by', (others) => `read by ${others}`),
  'input_to in': label('Reads', (others) => `reads ${others}`),
  'outputs out': label('Writes', (others) => `writes ${others}`),
  'serves in': label('Served by', (others) => `served by ${others}`),
  'serves out': label('Serves', (others) => `serves ${others}`),
  'deployed_as in': label('Runs', (others) => `runs ${others}`),
  'deployed_as out': label('Deployed as', (others) => `deployed as ${others}`),
  'version_of in': label('Versions', (others) => `has ${others}`),
  'version_of out': label('Version of', (others) => `a version of ${others}`),
  'points_to out': label('Aliases point to', (others) => `its aliases point to ${others}`),
  'points_to in': label('Alias in', (others) => `has an alias in ${others}`),
  'trained_on out': label('Trained on', (others) => `trained on ${others}`),
  'trained_on in': label('Trained on it', (others) => `${others} trained on it`),
  'derives in': label('Derived from', (others) => `derived from ${others}`),
  'derives out': label('Derived from it', (others) => `${others} derived from it`),
  'feeds in': label('Fed by', (others) => `fed by ${others}`),
  'feeds out': label('Feeds', (others) => `feeds ${others}`),
  'evaluated_by out': label('Evaluated by', (others) => `measured by ${others}`),
  'evaluated_by in': label('Evaluates', (others) => `measures ${others}`),
  'required_by out': label('Required by', (others) => `required by ${others}`),
  'required_by in': label('Requires', (others) => `requires ${others}`),
  'depends_on in': label('Depend on it', (others) => `${others} depending on it`),
  'depends_on out': label('Depends on', (others) => `depends on ${others}`),
  'used_by out': label('Used by', (others) => `used by ${others}`),
  'used_by in': label('Uses', (others) => `uses ${others}`),
  'tested_in out': label('Tested in', (others) => `tested in ${others}`),
  'tested_in in': label('Tests', (others) => `tests ${others}`),
  'packaged_in out': label('Packaged in', (others) => `packaged in ${others}`),
  'packaged_in in': label('Packages', (others) => `packages ${others}`),
  'part_of out': label('Part of', (others) => `a part of ${others}`),
  'part_of in': label('Parts', (others) => `made of ${others}`),
  'variant_of out': label('Variant of', (others) => `a variant of ${others}`),
  'variant_of in': label('Variants', (others) => `has ${others}`),
  'run_of out': label('Run of', (others) => `a run of ${others}`),
  'run_of in': label('Its runs', (others) => `has had ${others}`),
  'executed_for out': label('Executed for', (others) => `executed for ${others}`),
  'executed_for in': label('Executed in', (others) => `executed in ${others}`),
  'promoted_to out': label('Promoted to', (others) => `promoted to ${others}`),
  'promoted_to in': label('Promoted from', (others) => `promoted from ${others}`),
  'supersedes out': label('Supersedes', (others) => `supersedes ${others}`),
  'supersedes in': label('Superseded by', (others) => `superseded by ${others}`),
  'released_by out': label('Released by', (others) => `released by ${others}`),
  'released_by in': label('Releases', (others) => `releases ${others}`),
  'about out': label('About', (others) => `about ${others}`),
  'about in': label('About it', (others) => `${others} about it`),
  'owned_by out': label('Owned by', (others) => `owned by ${others}`),
  'owned_by in': label('Owns', (others) => `owns ${others}`),
  'member_of out': label('Member of', (others) => `a member of ${others}`),
  'member_of in': label('Members', (others) => `has ${others}`),
  'similar_to out': label('Similar to', (others) => `similar to ${others}`),
  'similar_to in': label('Similar to it', (others) => `${others} similar to it`),
  'alias_of out': label('Another name of', (others) => `another name of ${others}`),
  'alias_of in': label('Other names', (others) => `also named ${others}`),
};

const ORDER: ReadonlyMap<string, number> = new Map(Object.keys(LABELS).map((key, place) => [key, place]));

const MADE_BY = label('Made by', (others) => `made by ${others}`);
const WRITTEN: ReadonlySet<string> = new Set(['dataset', 'dataset_version', 'feature_view', 'index']);

/** The words of a relation of an asset of the kind `own`; one that is not in the list reads by its own name. */
export function relationLabel(relation: string, direction: Direction, own = 'dataset'): RelationLabel {
  if (relation === 'outputs' && direction === 'in' && !WRITTEN.has(own)) return MADE_BY;
  const words = relation.replaceAll('_', ' ');
  const known = LABELS[`${relation} ${direction}`];
  return known ?? label(direction === 'out' ? words : `${words} (into it)`, (others) => `${words} ${others}`);
}

/** Where a group stands among the others. */
export const relationPlace = (relation: string, direction: Direction): number =>
  ORDER.get(`${relation} ${direction}`) ?? ORDER.size;
