import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Device } from '../../support/device.js';
import { ServiceProcess } from '../../support/service-process.js';
import { CommandLine } from './command-line.js';

describe('the command line on the embedded default, at 3 a.m.', () => {
  let service: ServiceProcess;
  let commands: CommandLine;
  let brokerUrl = '';
  beforeAll(async () => {
    service = ServiceProcess.spawn();
    commands = new CommandLine(await service.url(), 'demo-token');
    const { broker } = await service.line(/^no configuration file/);
    brokerUrl = String(broker);
  });
  afterAll(async () => {
    await service.stop();
    commands.stop();
  });

  it('finds a device, kicks it, keeps it out, sees it refused, and lets it in again', async () => {
    const connect = (): Promise<Device> =>
      Device.connect(brokerUrl, { protocolVersion: 4, clientId: 'rogue-1' });
    const device = await connect();
    const found = await commands.run(['find', 'rogue-*']);
    expect(found.stdout).toMatch(/^PROJECT +BROKER +CLIENT ID .*\ndemo +embedded +rogue-1 /);

    const events = commands.start(['events', '--clientid', 'rogue-1', '-o', 'ndjson', '--count', '4']);
    // A stream begins with the states of the brokers.
    await events.says(/"type":"broker"/);
    const kicked = await commands.run(['kick', 'rogue-1']);
    expect(kicked).toMatchObject({ code: 0, stderr: '1 done\n' });
    await device.closed;

    const again = await connect();
    const banned = await commands.run(['ban', 'rogue-1', '--for', '1h', '--reason', 'ticket 4711']);
    expect(banned).toMatchObject({ code: 0 });
    expect(banned.stdout).toContain('rogue-1');
    await again.closed;
    await expect(connect()).rejects.toThrow();
    expect((await commands.run(['bans'])).stdout).toMatch(/clientid +rogue-1 +20.* ticket 4711\n/);
    expect((await events.ended).stdout).toContain('"reason":"kicked"');

    expect((await commands.run(['unban', 'rogue-1'])).code).toBe(0);
    await (await connect()).end();
    expect((await commands.run(['bans'])).stderr).toBe('there are no bans\n');
    const trail = await commands.run(['audit', '--clientid', 'rogue-1', '-o', 'json']);
    expect(JSON.parse(trail.stdout)).toContainEqual(
      expect.objectContaining({ action: 'disconnect', outcome: 'OK' }),
    );
  });

  it('shows brokers, clients and one client, for people and for programs', async () => {
    expect((await commands.run(['brokers'])).stdout).toMatch(/demo +embedded +Embedded broker +connected/);
    const csv = await commands.run(['ls', '--clientid', 'pump-0?', '-o', 'csv']);
    expect(csv.stdout.split('\n')[0]).toBe(
      'project,broker,client_id,user_name,address,connected,since,protocol',
    );
    const ndjson = await commands.run(['find', 'pump-01', '-o', 'ndjson', '--fields', 'clientid']);
    expect(JSON.parse(ndjson.stdout)).toEqual({ project: 'demo', broker: 'embedded', clientid: 'pump-01' });
    const shown = await commands.run(['show', 'pump-01', '-o', 'json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      clientid: 'pump-01',
      subscriptions: [{ by: 'client' }],
    });
    expect((await commands.run(['find', 'nobody', '-o', 'json'])).stdout).toBe('[]\n');
    expect(await commands.run(['show', 'nobody'])).toMatchObject({ code: 1, stdout: '' });
  });

  it('subscribes, moves and unsubscribes clients by a filter, with a count first', async () => {
    const topics = async (): Promise<string[]> => {
      const { stdout } = await commands.run(['show', 'gw-01', '-o', 'json']);
      return (JSON.parse(stdout) as { subscriptions: { topic: string }[] }).subscriptions.map(
        ({ topic }) => topic,
      );
    };
    const dry = await commands.run(['sub', '--clientid', 'gw-*', '-t', 'old/${clientid}', '--dry-run']);
    expect(dry.stderr).toMatch(/^\d+ clients\n$/);
    const refused = await commands.run(['sub', '--clientid', 'gw-*', '-t', 'old/${clientid}']);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(await topics()).not.toContain('old/gw-01');
    expect((await commands.run(['sub', '--clientid', 'gw-*', '-t', 'old/${clientid}', '--yes'])).code).toBe(
      0,
    );
    expect(await topics()).toContain('old/gw-01');
    const moved = await commands.run(
      ['move', '-', '--from', 'old/${clientid}', '--to', 'new/${clientid}', '-y', '-o', 'ndjson'],
      { input: 'gw-01\ngw-02\n\n' },
    );
    expect(moved.code).toBe(0);
    expect(moved.stdout.split('\n').filter((line) => line.includes('"outcome":"done"'))).toHaveLength(4);
    expect(await topics()).toEqual(expect.arrayContaining(['new/gw-01']));
    expect(await topics()).not.toContain('old/gw-01');
    expect((await commands.run(['unsub', 'gw-01', '-t', 'new/${clientid}'])).code).toBe(0);
    expect(await topics()).not.toContain('new/gw-01');
  });

  it('sets, lists and removes standing subscriptions', async () => {
    const set = ['standing', 'set', 'fleet', '--clientid', 'gw-*', '-t', 'fleet/${clientid}', '--qos', '1'];
    expect((await commands.run(set)).code).toBe(2);
    expect((await commands.run([...set, '-y'])).code).toBe(0);
    expect((await commands.run(['standing'])).stdout).toMatch(
      /fleet +\{"clientid":"gw-\*"\} +fleet\/\$\{clientid\} +1 +\d+/,
    );
    expect((await commands.run(['standing', 'rm', 'fleet', '--unsubscribe', '-y'])).code).toBe(0);
    expect((await commands.run(['standing', 'show', 'fleet'])).code).toBe(1);
  });

  it('sees whether a client that was kicked comes back', async () => {
    const { code, stdout } = await commands.run(['kick', 'sensor-1', '--watch', '20', '-o', 'ndjson']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ clientid: 'sensor-1', outcome: 'done' });
    expect((JSON.parse(stdout) as { cameBackAfterMs: number }).cameBackAfterMs).toBeGreaterThan(0);
  });

  it('asks on a terminal, and does nothing unless the answer is yes', async () => {
    for (const [answer, words] of [
      ['n', /nothing was done/],
      ['', /nothing was done/],
      ['y', /\d+ done/],
    ] as const) {
      const running = commands.onTerminal(['sub', '--clientid', 'pump-*', '-t', 'asked', '--qos', '0']);
      await running.says(/Subscribe all 12\? \[y\/N\]/);
      running.process.stdin?.write(`${answer}\r`);
      await running.says(words);
      expect((await running.ended).code).toBe(answer === 'y' ? 0 : 1);
    }
  });

  it('shows ids that devices chose to do harm as text', async () => {
    const harmful = '\u001b]0;owned\u0007\u202e\u009b31m=1+1,"x"';
    const one = await Device.connect(brokerUrl, { protocolVersion: 4, clientId: harmful });
    const other = await Device.connect(brokerUrl, { protocolVersion: 4, clientId: '=HYPERLINK("x")' });
    const formats = ['table', 'csv', 'json', 'ndjson'];
    const runs = await Promise.all(
      formats.map((format) => commands.run(['find', '-o', format, '--connected', 'yes'])),
    );
    for (const [at, { stdout }] of runs.entries()) {
      // eslint-disable-next-line no-control-regex -- what must not be there
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      expect(stdout).toContain('\\u001b]0;owned');
      if (formats[at] === 'csv') expect(stdout).toContain(`"'=HYPERLINK(""x"")"`);
    }
    const { code } = await commands.run(['kick', harmful]);
    expect(code).toBe(0);
    await one.closed;
    await other.end();
  });

  it('hands check-config and doctor to the service beside it', async () => {
    const checked = await commands.run(['check-config', 'missing.yaml']);
    expect(checked.code).toBe(1);
    expect(checked.stderr).toContain('missing.yaml');
  });
});
