/** Appends a key or an index to a path: `projects`, 0, `id` makes `projects[0].id`. */
export function joinPath(path: string, step: PropertyKey): string {
  if (typeof step === 'number') return `${path}[${step}]`;
  return path === '' ? String(step) : `${path}.${String(step)}`;
}
