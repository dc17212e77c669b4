const MAX_BYTES = 65_535;
/** What UTF-8 cannot carry (a surrogate on its own) or MQTT does not allow (U+0000). */
const FORBIDDEN = /[\p{Surrogate}\0]/u;

/** Whether the text can be an MQTT UTF-8 string that is not empty; MQTT 5 section 1.5.4. */
export function isMqttString(text: string): boolean {
  return text !== '' && !FORBIDDEN.test(text) && Buffer.byteLength(text) <= MAX_BYTES;
}

/** Whether the text is a topic filter: `#` only as the whole last level, `+` only as a whole level; MQTT 5 section 4.7. */
export function isTopicFilter(text: string): boolean {
  if (!isMqttString(text)) return false;
  const levels = text.split('/');
  return levels.every((level, index) => {
    if (level === '#') return index === levels.length - 1;
    return level === '+' || !(level.includes('#') || level.includes('+'));
  });
}

/** Whether the text is a topic name, that is, has no wildcards; MQTT 5 section 4.7. */
export function isTopicName(text: string): boolean {
  return isMqttString(text) && !text.includes('#') && !text.includes('+');
}

/** Whether a valid filter matches a topic; wildcards in the first level do not match `$`-topics (MQTT 5 section 4.7.2). */
export function filterMatches(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  if (topic.startsWith('$') && (filter.startsWith('#') || filter.startsWith('+'))) return false;
  const levels = topic.split('/');
  const filterLevels = filter.split('/');
  for (const [index, level] of filterLevels.entries()) {
    if (level === '#') return true;
    if (index >= levels.length || (level !== '+' && level !== levels[index])) return false;
  }
  return filterLevels.length === levels.length;
}
