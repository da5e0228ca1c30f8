// The last step of the build: gzip and brotli files beside each text file, licences of what is inside, sizes against the budgets.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = new URL('../../src/mlgraph/portal/dist/', import.meta.url).pathname;
const root = new URL('..', import.meta.url).pathname;
const KB = 1000;
const BUDGETS = { 'first load, JavaScript': 130 * KB, 'first load, CSS': 15 * KB, 'all JavaScript': 350 * KB };

function files(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

/** Texts of the licences of all packages that the lock file lists for the browser. */
function licences() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const shipped = Object.entries(packages).filter(([path, each]) => path && !each.dev && !each.devOptional);
  return shipped.map(([path, each]) => {
    const name = ['LICENSE', 'LICENSE.md', 'license'].find((file) => existsSync(join(root, path, file)));
    const text = name ? readFileSync(join(root, path, name), 'utf8') : `Licence: ${each.license}\n`;
    return `${path.replace(/^.*node_modules\//, '')} ${each.version}\n\n${text}`;
  });
}

const compressed = (bytes) => gzipSync(bytes, { level: 9 });
const sizes = new Map();
writeFileSync(join(dist, 'LICENSES.txt'), licences().join(`\n${'-'.repeat(80)}\n`));
for (const path of files(dist).filter((each) => /\.(js|css|svg|html|txt)$/.test(each))) {
  const bytes = readFileSync(path);
  const gzip = compressed(bytes);
  sizes.set(path.slice(dist.length), gzip.length);
  writeFileSync(`${path}.gz`, gzip);
  const options = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, options));
}

const html = readFileSync(join(dist, 'index.html'), 'utf8');
const first = [...html.matchAll(/(?:src|href)="\/([^"]+)"/g)].map(([, name]) => name);
const sum = (names) => names.reduce((total, name) => total + (sizes.get(name) ?? 0), 0);
const names = [...sizes.keys()];
const figures = {
  'first load, JavaScript': sum(first.filter((name) => name.endsWith('.js'))),
  'first load, CSS': sum(first.filter((name) => name.endsWith('.css'))),
  'all JavaScript': sum(names.filter((name) => name.endsWith('.js'))),
};
for (const name of names.sort()) console.log(`${String((sizes.get(name) / KB).toFixed(1)).padStart(8)} KB gz  ${name}`);
for (const [what, size] of Object.entries(figures)) {
  console.log(`${what}: ${(size / KB).toFixed(1)} KB gz of at most ${BUDGETS[what] / KB}`);
}
const over = Object.keys(figures).filter((what) => figures[what] > BUDGETS[what]);
if (over.length) {
  console.error(`over the budget: ${over.join('; ')}`);
  process.exit(1);
}
