/** A text up to this length stands in the address, so that a plan can be sent as a link. */
export const MAX_LINK_CHARS = 2_000;
/** Largest text that the server reads. */
export const MAX_BYTES = 1_000_000;

export type ReadFile = { readonly text: string } | { readonly fault: string };

/** The text of a file that was dropped or chosen, or why it is none. */
export async function readBrief(file: Pick<File, 'name' | 'size' | 'text'>): Promise<ReadFile> {
  if (file.size > MAX_BYTES)
    return {
      fault: `${file.name} has ${file.size.toLocaleString('en-GB')} bytes, at most 1,000,000 are read. Send it in parts.`,
    };
  const text = await file.text();
  // A binary file read as UTF-8 has zeros or many characters that could not be decoded.
  if (text.includes('\0') || (text.match(/\ufffd/g)?.length ?? 0) > text.length / 100) {
    return { fault: `${file.name} is no text. A text file, Markdown or code can be read.` };
  }
  return text.trim() === '' ? { fault: `${file.name} is empty.` } : { text };
}
