/** Whether the topic belongs to the control APIs. */
export function isControlTopic(topic: string): boolean {
  return topic === '$CONTROL' || topic.startsWith('$CONTROL/');
}
