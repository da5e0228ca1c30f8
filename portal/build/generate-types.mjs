// Turns the server's OpenAPI document into TypeScript: an interface for each schema, and for each GET its query and answer.
// node build/generate-types.mjs openapi.json src/api/generated.ts
import { readFileSync, writeFileSync } from 'node:fs';

const [source, target] = process.argv.slice(2);
const document = JSON.parse(readFileSync(source, 'utf8'));

const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
const comment = (text, indent) =>
  text ? `${indent}/** ${text.replaceAll('*/', '* /').replaceAll('\n', `\n${indent} * `)} */\n` : '';

/** The TypeScript type of a JSON Schema, as far as our document uses it; anything else fails the build. */
function typeOf(schema) {
  if (schema === undefined || schema === true || Object.keys(schema).length === 0) return 'unknown';
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  if (schema.enum) return schema.enum.map((each) => JSON.stringify(each)).join(' | ');
  if ('const' in schema) return JSON.stringify(schema.const);
  const union = schema.anyOf ?? schema.oneOf;
  if (union) return [...new Set(union.map((each) => typeOf(withItems(each, schema))))].join(' | ');
  if (schema.allOf) return schema.allOf.map(typeOf).join(' & ');
  switch (schema.type) {
    case 'string':
      return 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array':
      return arrayOf(schema);
    case 'object':
      return objectOf(schema);
    case undefined:
      return 'unknown';
    default:
      throw new Error(`no TypeScript type for ${JSON.stringify(schema)}`);
  }
}

/** FastAPI writes what a list may hold beside `anyOf: [list, null]`. */
const withItems = (branch, around) => (branch.type === 'array' && around.items ? { ...branch, items: around.items } : branch);

function arrayOf(schema) {
  if (schema.prefixItems) return `[${schema.prefixItems.map(typeOf).join(', ')}]`;
  const item = typeOf(schema.items);
  return /[ |&]/.test(item) ? `(${item})[]` : `${item}[]`;
}

function objectOf(schema) {
  if (!schema.properties) {
    const values = schema.additionalProperties;
    return `Record<string, ${values === undefined || values === true ? 'unknown' : typeOf(values)}>`;
  }
  return `{\n${members(schema, '    ')}  }`;
}

function members(schema, indent) {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {})
    .map(([name, member]) => {
      const type = typeOf(member);
      return `${comment(member.description, indent)}${indent}${key(name)}${required.has(name) ? '' : '?'}: ${type};\n`;
    })
    .join('');
}

function declaration(name, schema) {
  const text = comment(schema.description, '');
  return schema.type === 'object' && schema.properties
    ? `${text}export interface ${name} {\n${members(schema, '  ')}}\n`
    : `${text}export type ${name} = ${typeOf(schema)};\n`;
}

function getCall([path, item]) {
  const call = item.get;
  const parameters = (call.parameters ?? []).filter((each) => each.in === 'query');
  const properties = Object.fromEntries(
    parameters.map((each) => [each.name, { ...withoutNull(each.schema), description: each.description }]),
  );
  const query = { properties, required: parameters.filter((each) => each.required).map((each) => each.name) };
  const answer = typeOf(call.responses['200']?.content?.['application/json']?.schema);
  return `  ${JSON.stringify(path)}: {\n    query: {\n${members(query, '      ')}    };\n    answer: ${answer};\n  };\n`;
}

/** A parameter that is absent is left out of the query, never sent as null. */
function withoutNull(schema) {
  if (!schema.anyOf) return schema;
  const branches = schema.anyOf.filter((each) => each.type !== 'null').map((each) => withItems(each, schema));
  return branches.length === 1 ? branches[0] : { anyOf: branches };
}

const schemas = Object.entries(document.components.schemas).sort(([a], [b]) => (a < b ? -1 : 1));
const gets = Object.entries(document.paths).filter(([, item]) => item.get);
const text = [
  '// Generated from the OpenAPI document of the server by build/generate-types.mjs. Not edited, not committed.\n',
  ...schemas.map(([name, schema]) => declaration(name, schema)),
  `/** Query and answer of every GET, by path. */\nexport interface GetCalls {\n${gets.map(getCall).join('')}}\n`,
].join('\n');
writeFileSync(target, text);
