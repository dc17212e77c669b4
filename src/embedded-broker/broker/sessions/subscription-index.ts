/** One level of topic filters. Most have either, so that neither is made before it is needed. */
interface Level {
  children?: Map<string, Level>;
  /** QoS by client id, of the subscriptions that end here. */
  qosByClient?: Map<string, number>;
}

/** A subscription that matched. */
export interface IndexedSubscription {
  readonly clientId: string;
  readonly qos: number;
}

/**
 * Who subscribed to a topic, found level by level: the cost depends on the filters that share the topic's levels, not on
 * how many there are.
 */
export class SubscriptionIndex {
  readonly #root: Level = {};

  add(filter: string, clientId: string, qos: number): void {
    let level = this.#root;
    for (const name of filter.split('/')) {
      level.children ??= new Map();
      const child = level.children.get(name) ?? {};
      level.children.set(name, child);
      level = child;
    }
    level.qosByClient ??= new Map();
    level.qosByClient.set(clientId, qos);
  }

  remove(filter: string, clientId: string): void {
    const path: { readonly parent: Level; readonly name: string; readonly level: Level }[] = [];
    let level = this.#root;
    for (const name of filter.split('/')) {
      const child = level.children?.get(name);
      if (child === undefined) return;
      path.push({ parent: level, name, level: child });
      level = child;
    }
    level.qosByClient?.delete(clientId);
    for (const { parent, name, level: child } of path.reverse()) {
      const isUsed = (child.qosByClient?.size ?? 0) > 0 || (child.children?.size ?? 0) > 0;
      if (isUsed) return;
      parent.children?.delete(name);
    }
  }

  /** The subscriptions that match the topic, several of one client included. MQTT 3.1.1 section 4.7. */
  match(topic: string): IndexedSubscription[] {
    const found: IndexedSubscription[] = [];
    const levels = topic.split('/');
    const walk = (level: Level, depth: number): void => {
      const takesWildcard = depth > 0 || !topic.startsWith('$');
      if (takesWildcard) collect(level.children?.get('#'), found);
      if (depth === levels.length) {
        collect(level, found);
        return;
      }
      const exact = level.children?.get(levels[depth] ?? '');
      if (exact !== undefined) walk(exact, depth + 1);
      const anyOne = takesWildcard ? level.children?.get('+') : undefined;
      if (anyOne !== undefined) walk(anyOne, depth + 1);
    };
    walk(this.#root, 0);
    return found;
  }
}

function collect(level: Level | undefined, found: IndexedSubscription[]): void {
  for (const [clientId, qos] of level?.qosByClient ?? []) found.push({ clientId, qos });
}
