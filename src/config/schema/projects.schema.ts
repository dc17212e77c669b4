import { z } from 'zod';
import type { ConfigFiles } from '../config-files.js';
import {
  brokerUrl,
  contentsOfFile,
  id,
  integer,
  LONGEST_TIMER_MS,
  mqttText,
  protocolVersion,
  text,
} from './fields.js';
import { withPassword } from './stores.js';
import { clientTls } from './tls.js';

const reconnect = z
  .strictObject({
    minDelayMs: integer(1, LONGEST_TIMER_MS).prefault(250).meta({ description: 'The first pause, at most.' }),
    maxDelayMs: integer(1, LONGEST_TIMER_MS).prefault(30_000).meta({ description: 'The longest pause.' }),
  })
  .refine(({ minDelayMs, maxDelayMs }) => minDelayMs <= maxDelayMs, {
    path: ['minDelayMs'],
    message: 'must not be larger than maxDelayMs',
  });

function brokerFields(files: ConfigFiles) {
  const contents = contentsOfFile(files);
  return {
    id: id.meta({ description: 'Stands in the path. Unique in its project.' }),
    name: text.optional().meta({ description: 'For people. Default: the id.' }),
    url: brokerUrl.meta({ description: '`mqtt`, `mqtts`, `ws` or `wss`, without credentials.' }),
    protocolVersion: protocolVersion.prefault(5).meta({
      description:
        "5, or 4 for MQTT 3.1.1. With 5, refusals by the broker's ACL are seen instead of timing out.",
    }),
    clientIdPrefix: mqttText.max(200, 'must be at most 200 characters').prefault('client-control').meta({
      description:
        "The control connection's client id begins like this; a part unique to the process follows.",
    }),
    username: mqttText.optional().meta({
      description: 'The user that the broker lets publish to and subscribe to the control topics.',
    }),
    password: text.optional().meta({
      description: 'Its password, better not in the file: `${NAME}` takes it from the environment.',
    }),
    passwordFile: contents.optional().meta({
      description:
        'Instead of `password`: a file with the password and nothing else, such as a mounted secret. A line break at its end does not count.',
    }),
    tls: clientTls(files).optional().meta({ description: 'Only with `mqtts` and `wss`.' }),
    requestTimeoutMs: integer(1, 3_600_000).prefault(5000).meta({
      description: "From a request's arrival to its answer, waiting included; then 504 `BROKER_TIMEOUT`.",
    }),
    connectTimeoutMs: integer(1, 3_600_000)
      .prefault(10_000)
      .meta({ description: 'Until the broker has accepted the connection.' }),
    keepaliveSeconds: integer(1, 65_535).prefault(30).meta({ description: 'MQTT keep-alive.' }),
    reconnect: reconnect.prefault({}).meta({
      description:
        'Pause before the next attempt to connect: doubles from the one to the other, with full jitter.',
    }),
    maxPending: integer(1, 1_000_000)
      .prefault(10_000)
      .meta({ description: 'Commands waiting or in flight; more answer 503 `BROKER_BUSY`.' }),
    maxBatch: integer(1, 10_000).prefault(100).meta({ description: 'Commands in one MQTT message.' }),
    retained: z
      .enum(['off', 'deliver'], 'must be off or deliver')
      .prefault('off')
      .meta({
        description:
          '`deliver`: a client that is subscribed to a topic is also handed its retained messages, as `send_retain` says. On Mosquitto, with the ' +
          "companion plugin and its option `deliver_retained`. This service's user reads them: it needs read rights to them, and the client's own are not asked.",
      }),
  };
}

/** `projects` of the configuration. */
export function projectsSchema(files: ConfigFiles) {
  const broker = z
    .strictObject(brokerFields(files))
    .transform(({ name, ...rest }) => withPassword({ ...rest, name: name ?? rest.id }));
  const project = z
    .strictObject({
      id: id.meta({ description: 'Stands in the path. Unique.' }),
      name: text.optional().meta({ description: 'For people. Default: the id.' }),
      brokers: z
        .array(broker, 'must be a list of brokers')
        .prefault([])
        .meta({ description: 'Its brokers.' }),
    })
    .transform(({ name, ...rest }) => ({ ...rest, name: name ?? rest.id }));
  return z.array(project, 'must be a list of projects');
}

/** `defaults` of the configuration: what brokers say that do not say otherwise. Merged into them before they are read. */
export function defaultsSchema(files: ConfigFiles) {
  const broker = z.strictObject(brokerFields(files)).omit({ id: true, name: true, url: true }).partial();
  return z.strictObject({
    broker: broker.optional().meta({
      seeAlso: 'projects[].brokers[]',
      description:
        "Every key of a broker but `id`, `name` and `url`. A broker's own keys win, also key by key in `tls` and `reconnect`; its `password` or " +
        '`passwordFile` takes the place of either. `tls` is for those with an `mqtts` or `wss` url only.',
    }),
  });
}
