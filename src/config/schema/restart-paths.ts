import { configJsonSchema, type JsonSchema } from './json-schema.js';

/** Paths of the keys that a running service does not take over, each as a list of steps. */
export function restartPaths(): readonly (readonly string[])[] {
  return pathsIn(configJsonSchema(), []);
}

function pathsIn({ restart, properties = {} }: JsonSchema, path: readonly string[]): (readonly string[])[] {
  if (restart === true) return [path];
  return Object.entries(properties).flatMap(([key, child]) => pathsIn(child, [...path, key]));
}
