type Qos = 0 | 1 | 2;

/** A message, or the PUBREL of one, as aedes hands it over to be kept. */
export interface MessagePacket {
  readonly cmd: string;
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly brokerId?: string;
  readonly brokerCounter?: number;
  messageId?: number | undefined;
}

/**
 * A copy to keep. The payload that aedes hands over is a window on what the socket read: keeping ten bytes of it would
 * keep 64 KiB.
 */
export function storedMessage(packet: MessagePacket, qos: Qos = packet.qos): MessagePacket {
  const { cmd, topic, payload, retain, brokerId, brokerCounter } = packet;
  return {
    cmd,
    topic,
    payload: Buffer.from(payload),
    qos,
    retain,
    ...(brokerId !== undefined && { brokerId }),
    ...(brokerCounter !== undefined && { brokerCounter }),
    messageId: undefined,
  };
}

/** What keeping the message costs, bytes. */
export function sizeOf({ topic, payload }: MessagePacket): number {
  return 200 + topic.length + payload.length;
}
