import { DEMO_DEVICES, type DeviceProfile } from './device-profiles.js';
import { SimulatedDevice } from './simulated-device.js';

/** Some devices to try the service on. */
export class SimulatedDevices {
  readonly #devices: readonly SimulatedDevice[];

  private constructor(devices: readonly SimulatedDevice[]) {
    this.#devices = devices;
  }

  /**
   * Starts the devices; all of them have been connected when the promise resolves.
   *
   * @param url of the broker
   * @throws {Error} when one of them cannot connect within 10 seconds; then none is left running
   */
  static async start(
    url: string,
    profiles: readonly DeviceProfile[] = DEMO_DEVICES,
  ): Promise<SimulatedDevices> {
    const simulated = new SimulatedDevices(profiles.map((profile) => new SimulatedDevice(url, profile)));
    try {
      await Promise.all(simulated.#devices.map((device) => device.started()));
    } catch (error) {
      await simulated.stop();
      throw error;
    }
    return simulated;
  }

  /** Disconnects all devices for good, within about a second. */
  async stop(): Promise<void> {
    await Promise.all(this.#devices.map((device) => device.stop()));
  }
}
