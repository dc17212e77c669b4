import { SimulatedDevice } from './simulated-device.js';

/** A few sensors to try the service on: `sensor-1`, `sensor-2`, … */
export class SimulatedDevices {
  readonly #devices: readonly SimulatedDevice[];

  private constructor(devices: readonly SimulatedDevice[]) {
    this.#devices = devices;
  }

  /**
   * Starts the devices; all are connected when the promise resolves.
   *
   * @param url of the broker
   * @throws {Error} when one of them cannot connect within 10 seconds; then none is left running
   */
  static async start(url: string, count = 3): Promise<SimulatedDevices> {
    const devices = Array.from(
      { length: count },
      (_, index) => new SimulatedDevice(url, `sensor-${index + 1}`),
    );
    const simulated = new SimulatedDevices(devices);
    try {
      await Promise.all(devices.map((device) => device.connected()));
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
