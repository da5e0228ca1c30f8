export type QueryValue = string | number | boolean | null | undefined | readonly (string | number)[];
export type Query = Readonly<Record<string, QueryValue>>;

/** A query string as the API reads it: lists are repeated parameters; what is absent, empty or false is left out. */
export function queryString(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) {
      for (const each of value) parameters.append(name, String(each));
    } else if (value !== undefined && value !== null && value !== '' && value !== false) {
      parameters.append(name, String(value));
    }
  }
  const text = parameters.toString();
  return text ? `?${text}` : '';
}

/** The parameters of a query string: text, or a list where one is repeated. */
export function parseQuery(text: string): Record<string, string | string[]> {
  const parameters = new URLSearchParams(text);
  const query: Record<string, string | string[]> = {};
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    query[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return query;
}
