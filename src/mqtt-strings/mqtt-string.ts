/** Longest UTF-8 encoded string of MQTT, bytes. Source: MQTT 5 section 1.5.4. */
export const MAX_MQTT_STRING_BYTES = 65_535;

/**
 * What keeps a value from being an MQTT UTF-8 string that names something.
 *
 * Source: MQTT 5 section 1.5.4 (well formed, no U+0000, at most 65,535 bytes). Empty strings are refused too: an empty
 * client id could mean "everyone" to a broker, and an empty topic filter is not one.
 *
 * @returns undefined if it is one
 */
export function mqttStringProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must be a string';
  if (value === '') return 'must not be empty';
  if (!value.isWellFormed()) return 'must be well-formed Unicode (no lone surrogates)';
  if (value.includes('\0')) return 'must not contain U+0000';
  // A UTF-16 unit is at most 3 bytes of UTF-8.
  const fits = value.length * 3 <= MAX_MQTT_STRING_BYTES || Buffer.byteLength(value) <= MAX_MQTT_STRING_BYTES;
  return fits ? undefined : `must be at most ${MAX_MQTT_STRING_BYTES} bytes of UTF-8`;
}

/** Whether a value is an MQTT UTF-8 string that names something. */
export function isMqttString(value: unknown): value is string {
  return mqttStringProblem(value) === undefined;
}
