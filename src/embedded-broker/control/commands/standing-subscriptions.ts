import type { JsonObject } from '../../../json/json.js';
import { invalidField } from '../../clients/command-error.js';
import type { StandingRequest } from '../../clients/standing-subscriptions.js';
import { readBoolean, readFilter, readLimit, readOptionalText, refuseUnknown } from '../command-fields.js';
import type { BrokerCommand } from '../controlled-broker.js';
import { readStrictSubscription } from './subscriptions.js';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const SELECT_FIELDS = ['clientid', 'username'];
const MAX_BY_CHARACTERS = 200;

/** Subscribes clients now and whenever they connect. */
export const setStandingSubscription: BrokerCommand = ({ fields }, { standingSubscriptions }) => {
  refuseUnknown(fields, ['name', 'select', 'topic', 'qos', 'options', 'by']);
  const name = readName(fields);
  const select = readFilter(fields, 'select', SELECT_FIELDS);
  if (select === undefined) throw invalidField('select');
  return standingSubscriptions.set({
    name,
    select,
    subscription: readStrictSubscription(fields),
    by: readOptionalText(fields, 'by', MAX_BY_CHARACTERS),
    since: Date.now(),
  });
};

export const getStandingSubscription: BrokerCommand = ({ fields }, { standingSubscriptions }) => {
  refuseUnknown(fields, ['name']);
  return viewOf(standingSubscriptions.get(readName(fields)));
};

export const deleteStandingSubscription: BrokerCommand = async ({ fields }, { standingSubscriptions }) => {
  refuseUnknown(fields, ['name', 'unsubscribe']);
  const unsubscribe = readBoolean(fields, 'unsubscribe');
  return { unsubscribed: await standingSubscriptions.delete(readName(fields), unsubscribe) };
};

/** The standing subscriptions by name, page by page. */
export const listStandingSubscriptions: BrokerCommand = ({ fields }, { standingSubscriptions }) => {
  refuseUnknown(fields, ['limit', 'cursor']);
  const { cursor } = fields;
  if (cursor !== undefined && (typeof cursor !== 'string' || !NAME.test(cursor)))
    throw invalidField('cursor');
  const { page, more } = standingSubscriptions.list(readLimit(fields), cursor);
  return {
    standingSubscriptions: page.map(viewOf),
    cursor: more ? (page.at(-1)?.name ?? null) : null,
    totalCount: standingSubscriptions.size,
  };
};

function readName({ name }: JsonObject): string {
  if (typeof name === 'string' && NAME.test(name)) return name;
  throw invalidField('name');
}

function viewOf({
  name,
  select,
  subscription: { topic, qos, noLocal, retainAsPublished, sendRetain },
  by,
  since,
  clients,
}: StandingRequest & { readonly clients: number }): object {
  return {
    name,
    select,
    topic,
    qos,
    options: { no_local: noLocal, retain_as_published: retainAsPublished, send_retain: sendRetain },
    by,
    since,
    clients,
  };
}
