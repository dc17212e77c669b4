import { describe, expect, it } from '@jest/globals';
import { encodeReading, nextTemperature } from './simulated-reading.js';

describe('a simulated temperature', () => {
  it.each([0, 0.5, 1])('stays plausible when the dice always show %d', (random) => {
    let celsius = 21;
    for (let reading = 0; reading < 1000; reading += 1) celsius = nextTemperature(celsius, random);
    expect(celsius).toBeGreaterThan(10);
    expect(celsius).toBeLessThan(32);
  });

  it('is published in degrees Celsius, with its time', () => {
    expect(encodeReading(21.4, new Date(0))).toBe('{"celsius":21.4,"at":"1970-01-01T00:00:00.000Z"}');
  });
});
