/** Names a configured broker. Ids hold no slash. */
export interface BrokerRef {
  readonly projectId: string;
  readonly brokerId: string;
}

/** One string for a broker, to be the key of a map. */
export function brokerKey({ projectId, brokerId }: BrokerRef): string {
  return `${projectId}/${brokerId}`;
}

/** The broker that {@link brokerKey} made the key of. */
export function brokerOfKey(key: string): BrokerRef {
  const [projectId = '', brokerId = ''] = key.split('/');
  return { projectId, brokerId };
}
