import { describe, expect, it } from '@jest/globals';
import { CONTROL_APIS } from '../../../src/broker-gateway/protocol/control-api.js';
import { until } from '../../support/until.js';
import { ENDPOINT_BROKERS } from './support/endpoint-brokers.js';
import { EndpointRig, type Reply } from './support/endpoint-rig.js';

describe.each(ENDPOINT_BROKERS)('our own endpoint of %s', (_, start) => {
  const rig = EndpointRig.use(start);
  const { requestTopic, responseTopic } = CONTROL_APIS.extension;

  it('says what it is, who asks, and what it can do', async () => {
    const data = await rig.control.ask('describe');
    expect(data).toEqual({
      protocol: 1,
      plugin: expect.stringMatching(rig.broker.plugin),
      broker: expect.stringMatching(rig.broker.broker),
      you: { clientid: rig.control.device.clientId, username: rig.broker.login.username },
      features: {
        disconnect: true,
        purge: true,
        subscribe: true,
        inspect: true,
        bans: true,
        standingSubscriptions: true,
        events: true,
        retained: rig.broker.retained === 'sent',
        ifConnectedSince: true,
        preventWill: true,
      },
      subscriptionsKnown: expect.stringMatching(/^(all|since-load)$/),
      warnings: expect.any(Array),
    });
  });

  it.each([
    ['describe', { extra: 1 }, 'extra'],
    ['listClients', { count: 1 }, 'count'],
    ['getClient', { clientid: 'a', verbose: true }, 'verbose'],
    ['disconnectClient', { clientid: 'a', force: true }, 'force'],
    ['disconnectClients', { clientids: ['a'], clientid: 'a' }, 'clientid'],
    ['subscribeClient', { clientid: 'a', topic: 'a', retain: 1 }, 'retain'],
    ['unsubscribeClient', { clientid: 'a', topic: 'a', qos: 1 }, 'qos'],
    ['setBan', { as: 'clientid', who: 'a', until: null, kick: true }, 'kick'],
    ['deleteBan', { as: 'clientid', who: 'a', until: null }, 'until'],
    ['listBans', { offset: 1 }, 'offset'],
    ['setStandingSubscription', { name: 'a', select: { clientid: 'a' }, topic: 'a', x: 1 }, 'x'],
    ['getStandingSubscription', { name: 'a', x: 1 }, 'x'],
    ['deleteStandingSubscription', { name: 'a', x: 1 }, 'x'],
    ['listStandingSubscriptions', { x: 1 }, 'x'],
    ['watchEvents', { x: 1 }, 'x'],
    ['unwatchEvents', { x: 1 }, 'x'],
  ])('refuses a field of %s that it does not know: %j', async (command, fields, field) => {
    expect(await rig.control.fail(command, fields)).toEqual({ code: 'INVALID', info: { field } });
  });

  it('answers each command of a message, whatever is wrong with others', async () => {
    const replies = await rig.control.runAll([
      { command: 'getClient', clientid: '' },
      { command: 'describe' },
      { command: 'no such command' },
      { command: 'getClient', clientid: 'nobody' },
      { command: 'describe' },
    ]);
    expect(replies.map(({ code }) => code)).toEqual([
      'INVALID',
      undefined,
      'UNKNOWN_COMMAND',
      'CLIENT_NOT_FOUND',
      undefined,
    ]);
  });

  it('answers the commands about one client in their order', async () => {
    const device = await rig.connect();
    const about = { clientid: device.clientId, topic: 'a' };
    const before = rig.control.arrived('responses').length;
    await rig.control.runAll(
      Array.from({ length: 20 }, (_, i) => ({
        command: i % 2 === 0 ? 'subscribeClient' : 'unsubscribeClient',
        ...about,
      })),
    );
    const commands = rig.control.arrived<Reply>('responses', before).map(({ command }) => command);
    expect(commands).toEqual(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 'subscribeClient' : 'unsubscribeClient')),
    );
  });

  it('answers the sender alone, whoever else is subscribed to the response topic', async () => {
    const other = await rig.connectControl();
    const device = await rig.connect();
    await device.mqtt.subscribeAsync('$CONTROL/#').catch(() => undefined);
    await rig.control.ask('describe');
    expect(other.arrived('responses')).toEqual([]);
    if (device.mqtt.connected) {
      expect(await rig.receivedUntilNow(device)).toEqual([]);
    }
  });

  it('lets nobody else command: one answer without correlation data, or the connection is closed', async () => {
    const device = await rig.connect();
    const victim = await rig.connect();
    const command = { command: 'disconnectClient', clientid: victim.clientId, correlationData: 'mine' };
    if (rig.broker.answersStrangers) {
      await device.mqtt.subscribeAsync(responseTopic);
      device.mqtt.publish(requestTopic, JSON.stringify({ commands: [command, command] }), { qos: 1 });
      const message = await until(() => device.messages[0], 'an answer');
      const { responses } = JSON.parse(message.payload) as { responses: Reply[] };
      expect(responses).toEqual([
        { command: expect.any(String), error: 'Not authorized', code: 'NOT_AUTHORIZED' },
      ]);
      expect(await rig.receivedUntilNow(device)).toHaveLength(1);
    } else {
      device.mqtt.publish(requestTopic, JSON.stringify({ commands: [command] }), { qos: 1 });
      await device.closed;
    }
    expect(await rig.receivedUntilNow(victim)).toEqual([]);
  });
});
