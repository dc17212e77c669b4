import type { Grant } from '../../access/caller.js';
import { ROLES, type Role } from '../../access/role.js';
import type { JwtConfig } from '../../config/config.js';
import { isJsonObject, type JsonObject } from '../../json/json.js';

/** What a token's claims grant, and what of them meant nothing. */
export interface ClaimedGrants {
  readonly grants: readonly Grant[];
  /** In words for the log, each naming its claim; bounded in number and length. */
  readonly ignored: readonly string[];
}

type Mapping = JwtConfig['grants'][number];

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** More of them in one token, or longer ones, are not looked at. */
const MAX_VALUES = 1000;
const MAX_VALUE_LENGTH = 256;
const MAX_IGNORED = 10;

/**
 * Reads the grants out of a token's claims, by `grantsClaim` and by the mappings of `grants`. An entry that means nothing
 * is left out and told; the others hold. Only what the configuration spells out can mean every project: a `*` that a
 * pattern finds in a claim is no project id.
 */
export function grantsFrom(claims: JsonObject, { grantsClaim, grants: mappings }: JwtConfig): ClaimedGrants {
  const grants: Grant[] = [];
  const ignored: string[] = [];
  const ignore = (why: string): void => {
    if (ignored.length < MAX_IGNORED) ignored.push(why.slice(0, MAX_VALUE_LENGTH));
  };
  if (grantsClaim !== undefined) readGrantsClaim(claims[grantsClaim], grantsClaim, grants, ignore);
  for (const mapping of mappings) readMapping(claims, mapping, grants, ignore);
  return { grants, ignored };
}

/** A claim by its name, or by the names on the way to it: `['realm_access', 'roles']`. Names are taken as they are, dots included. */
export function claimAt(claims: JsonObject, path: string | readonly string[]): unknown {
  let value: unknown = claims;
  for (const name of [path].flat()) {
    value = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

/** `{ "<project id or *>": "<role>" }` */
function readGrantsClaim(claim: unknown, name: string, grants: Grant[], ignore: (why: string) => void): void {
  if (claim === undefined) return;
  if (!isJsonObject(claim)) {
    ignore(`${name} is not an object`);
    return;
  }
  for (const [project, value] of Object.entries(claim).slice(0, MAX_VALUES)) {
    const grant = toGrant(project, value);
    if (grant === undefined)
      ignore(`${name}: the entry for ${JSON.stringify(project)} is no role that there is`);
    else grants.push(grant);
  }
}

function toGrant(project: string, role: unknown): Grant | undefined {
  return isRole(role) && (project === '*' || ID.test(project)) ? { project, role } : undefined;
}

function readMapping(
  claims: JsonObject,
  mapping: Mapping,
  grants: Grant[],
  ignore: (why: string) => void,
): void {
  const { claim, value, pattern, project, role, brokers } = mapping;
  const values = valuesOf(claimAt(claims, claim));
  if (pattern === undefined) {
    if (value !== undefined && values.includes(value) && project !== undefined && role !== undefined)
      grants.push({ project, role, ...(brokers && { brokers }) });
    return;
  }
  const expression = new RegExp(pattern, 'u');
  for (const text of values) {
    const groups = expression.exec(text)?.groups;
    if (groups === undefined && !expression.test(text)) continue;
    const named = { project: groups?.project, role: groups?.role ?? role, broker: groups?.broker };
    const where = named.project ?? project;
    const isProject = where !== undefined && (named.project === undefined || ID.test(named.project));
    const isBroker = named.broker === undefined || ID.test(named.broker);
    if (!isProject || !isRole(named.role) || !isBroker)
      ignore(
        `${[claim].flat().join('.')}: ${JSON.stringify(text)} matches the pattern, but names no project, role or broker`,
      );
    else {
      const only = named.broker === undefined ? brokers : [named.broker];
      grants.push({ project: where, role: named.role, ...(only && { brokers: only }) });
    }
  }
}

/** The texts of a claim: a list of strings, or one string, which may be several words (as in OAuth's `scope`). */
function valuesOf(claim: unknown): readonly string[] {
  const list: unknown[] =
    typeof claim === 'string' ? [claim, ...claim.split(' ')] : Array.isArray(claim) ? claim : [];
  const texts = list.filter(
    (item) => typeof item === 'string' && item !== '' && item.length <= MAX_VALUE_LENGTH,
  );
  return [...new Set(texts as string[])].slice(0, MAX_VALUES);
}

function isRole(value: unknown): value is Role {
  return ROLES.some((role) => role === value);
}
