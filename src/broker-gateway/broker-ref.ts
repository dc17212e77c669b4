/** Names a configured broker. Ids hold no slash. */
export interface BrokerRef {
  readonly projectId: string;
  readonly brokerId: string;
}

/** One string for a broker, to be the key of a map. */
export function brokerKey({ projectId, brokerId }: BrokerRef): string {
  return `${projectId}/${brokerId}`;
}

/** Values by broker. A look takes no new string, as one by {@link brokerKey} would. */
export class BrokerMap<T> {
  readonly #byProject = new Map<string, Map<string, T>>();

  get({ projectId, brokerId }: BrokerRef): T | undefined {
    return this.#byProject.get(projectId)?.get(brokerId);
  }

  set({ projectId, brokerId }: BrokerRef, value: T): void {
    let brokers = this.#byProject.get(projectId);
    if (brokers === undefined) this.#byProject.set(projectId, (brokers = new Map<string, T>()));
    brokers.set(brokerId, value);
  }

  delete({ projectId, brokerId }: BrokerRef): void {
    const brokers = this.#byProject.get(projectId);
    brokers?.delete(brokerId);
    if (brokers?.size === 0) this.#byProject.delete(projectId);
  }

  *values(): Generator<T, void> {
    for (const brokers of this.#byProject.values()) yield* brokers.values();
  }
}
