/** What a simulated device is like. */
export interface DeviceProfile {
  readonly clientId: string;
  /** Absent: it logs in without one. */
  readonly username?: string;
  /** Whether its session stays when its connection ends. */
  readonly isPersistent?: boolean;
  /** Whether the broker tells others when it is lost, by a retained message on `devices/<id>/state`. */
  readonly hasWill?: boolean;
  /** Whether it has been there and left, so that only its session is there. */
  readonly isOffline?: boolean;
}

/** `sensor-1`, `sensor-2`, …: the plainest devices. */
export function sensors(count: number): DeviceProfile[] {
  return Array.from({ length: count }, (_, index) => ({ clientId: `sensor-${index + 1}` }));
}

/** Devices `<prefix>-01`, `<prefix>-02`, … of one user name; the last ones are offline. */
function fleet(
  prefix: string,
  count: number,
  offline: number,
  rest: Omit<DeviceProfile, 'clientId' | 'isOffline'>,
): DeviceProfile[] {
  return Array.from({ length: count }, (_, index) => ({
    clientId: `${prefix}-${String(index + 1).padStart(2, '0')}`,
    ...rest,
    ...(index >= count - offline && { isOffline: true, isPersistent: true }),
  }));
}

/** The 50 devices of the demo: three sensors, and devices of three user names to select from. */
export const DEMO_DEVICES: readonly DeviceProfile[] = [
  ...sensors(3),
  ...fleet('gw', 20, 2, { username: 'vendor-x', isPersistent: true }),
  ...fleet('meter', 15, 1, { username: 'vendor-y' }),
  ...fleet('pump', 12, 1, { username: 'plant', isPersistent: true, hasWill: true }),
];
