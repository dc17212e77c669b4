import type { JsonObject } from '../../../json/json.js';
import { addressRangeProblem } from '../../../mqtt-strings/address-range.js';
import { globProblem } from '../../../mqtt-strings/glob.js';
import { LIMITS } from '../../broker/sessions/limits.js';
import { BAN_KINDS, type Ban } from '../../clients/ban-list.js';
import { invalidField } from '../../clients/command-error.js';
import {
  readBoolean,
  readLimit,
  readNumberCursor,
  readOneOf,
  readOptionalText,
  readOptionalTime,
  refuseUnknown,
} from '../command-fields.js';
import type { BrokerCommand, ControlledBroker } from '../controlled-broker.js';

const MAX_REASON_CHARACTERS = 500;
const MAX_BY_CHARACTERS = 200;
/** How many of the clients that a ban disconnected are named. */
const MAX_NAMED = 10_000;

/** Keeps clients out, and disconnects those that are there unless told otherwise. */
export const setBan: BrokerCommand = async ({ fields }, broker) => {
  refuseUnknown(fields, ['as', 'who', 'until', 'reason', 'by', 'disconnect']);
  const ban: Ban = {
    ...readBanKey(fields),
    until: readUntil(fields),
    reason: readOptionalText(fields, 'reason', MAX_REASON_CHARACTERS),
    by: readOptionalText(fields, 'by', MAX_BY_CHARACTERS),
    since: Date.now(),
  };
  const disconnects = readBoolean(fields, 'disconnect', true);
  const { replaced, matches } = broker.bans.set(ban);
  const { named, count } = disconnects ? await disconnectBanned(broker, matches) : { named: [], count: 0 };
  return { disconnected: named, disconnectedCount: count, replaced };
};

export const deleteBan: BrokerCommand = ({ fields }, { bans }) => {
  refuseUnknown(fields, ['as', 'who']);
  bans.delete(readBanKey(fields));
  return {};
};

/** The bans, newest first, page by page. */
export const listBans: BrokerCommand = ({ fields }, { bans }) => {
  refuseUnknown(fields, ['limit', 'cursor']);
  const { bans: page, next } = bans.list(readLimit(fields), readNumberCursor(fields));
  return { bans: page, cursor: next === null ? null : String(next), totalCount: bans.size };
};

async function disconnectBanned(
  { clients, operations }: ControlledBroker,
  matches: ReturnType<ControlledBroker['bans']['set']>['matches'],
): Promise<{ named: string[]; count: number }> {
  const named: string[] = [];
  let characters = 0;
  let count = 0;
  const isBanned = clients.after(0, ({ isControl, connection, summary }) => {
    return connection !== undefined && !isControl && matches(summary);
  });
  for await (const { clientId } of isBanned) {
    try {
      await operations.disconnect(clientId, { withWill: true, cleanSession: false }, 'banned');
    } catch {
      continue; // It has left by itself.
    }
    count += 1;
    if (named.length === MAX_NAMED || characters >= LIMITS.replyCharacters) continue;
    named.push(clientId);
    characters += clientId.length;
  }
  return { named, count };
}

function readBanKey(fields: JsonObject): Pick<Ban, 'as' | 'who'> {
  const as = readOneOf(fields, 'as', BAN_KINDS);
  const { who } = fields;
  const problem = as === 'address' ? addressRangeProblem(who) : globProblem(who);
  if (problem !== undefined) throw invalidField('who');
  return { as, who: who as string };
}

function readUntil(fields: JsonObject): number | null {
  if (fields.until === null) return null;
  const until = readOptionalTime(fields, 'until');
  if (until === undefined || until <= Date.now()) throw invalidField('until');
  return until;
}
