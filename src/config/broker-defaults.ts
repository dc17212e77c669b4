import { isJsonObject, type JsonObject } from '../json/json.js';

/**
 * Puts `defaults.broker` under every broker of a raw tree. A broker's own keys win; `tls` and `reconnect` are merged key by
 * key. What belongs together stays together: a password of either kind takes the place of either, a client certificate
 * of its own that of both its files. `tls` is for brokers whose url takes it.
 *
 * @param defaults the value of `defaults.broker`, as far as it is valid
 */
export function withBrokerDefaults(tree: unknown, defaults: JsonObject): unknown {
  if (!isJsonObject(tree) || !Array.isArray(tree.projects)) return tree;
  const projects = tree.projects.map((project: unknown) =>
    isJsonObject(project) && Array.isArray(project.brokers)
      ? {
          ...project,
          brokers: project.brokers.map((broker: unknown) =>
            isJsonObject(broker) ? merged(defaults, broker) : broker,
          ),
        }
      : project,
  );
  return { ...tree, projects };
}

function merged(defaults: JsonObject, own: JsonObject): JsonObject {
  const takesTls = typeof own.url === 'string' && /^(mqtts|wss):/i.test(own.url);
  const base = without(without(defaults, ['password', 'passwordFile'], own), takesTls ? [] : ['tls']);
  const baseTls =
    isJsonObject(base.tls) && isJsonObject(own.tls) && without(base.tls, ['cert', 'key'], own.tls);
  return {
    ...base,
    ...own,
    ...(baseTls && isJsonObject(own.tls) && { tls: { ...baseTls, ...own.tls } }),
    ...(isJsonObject(base.reconnect) &&
      isJsonObject(own.reconnect) && { reconnect: { ...base.reconnect, ...own.reconnect } }),
  };
}

/** Without these keys; if `unless` is given, only where that has one of them. */
function without(value: JsonObject, keys: readonly string[], unless?: JsonObject): JsonObject {
  if (unless !== undefined && !keys.some((key) => unless[key] !== undefined)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}
