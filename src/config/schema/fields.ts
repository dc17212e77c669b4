import { z } from 'zod';
import { ROLES } from '../../access/role.js';
import { mqttStringProblem } from '../../mqtt-strings/mqtt-string.js';
import { systemErrorCode } from '../../errors/system-error-code.js';
import { NotUtf8Error, type ConfigFiles } from '../config-files.js';

/*
 * The kinds of values that keys of the configuration take. `title` names the kind for people, in docs/configuration.md and
 * in editors. Keys give their defaults with `prefault`: a default of the file's type, shown in both.
 */

/** Ids of projects and brokers, in the configuration and in paths. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The longest time that a timer of Node.js takes. */
export const LONGEST_TIMER_MS = 2_147_483_647;

/** An integer; a string of digits counts too, because `${NAME}` always yields strings. */
export const integer = (minimum: number, maximum: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value),
    z
      .int(`must be an integer from ${minimum} to ${maximum}`)
      .min(minimum, `must be at least ${minimum}`)
      .max(maximum, `must be at most ${maximum}`),
  );

/** True or false, as text too. */
export const boolean = z.preprocess(
  (value) => (value === 'true' ? true : value === 'false' ? false : value),
  z.boolean('must be true or false'),
);

/** Text that is not empty. */
export const text = z.string('must be a string').min(1, 'must not be empty');

/** Text that goes into an MQTT packet. */
export const mqttText = text.superRefine((value, context) => {
  const problem = value === '' ? undefined : mqttStringProblem(value);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

/** The id of a project or a broker. */
export const id = z
  .string('must be a string')
  .regex(
    ID_PATTERN,
    'must be 1 to 64 letters, digits, dots, underscores or hyphens, and begin with a letter or digit',
  )
  .meta({ title: 'id' });

/** A role. */
export const role = z.enum(ROLES, `must be one of ${ROLES.join(', ')}`);

/** The version of MQTT as CONNECT writes it; text too, see {@link integer}. */
export const protocolVersion = z.preprocess(
  (value) => (value === '4' || value === '5' ? Number(value) : value),
  z.literal([4, 5], 'must be 5, or 4 for MQTT 3.1.1'),
);

/** A point in time. */
export const dateTime = z
  .union(
    [z.iso.datetime({ offset: true }), z.date()],
    'must be a date and time with a zone, such as 2027-06-30T00:00:00Z',
  )
  .transform((value) => new Date(value))
  .meta({ title: 'date and time with a zone' });

/** A broker's address, without credentials. */
export const brokerUrl = text
  .superRefine((value, context) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const issue = (message: string) => context.addIssue({ code: 'custom', message });
    if (url === undefined || url.hostname === '')
      issue('must be a URL such as mqtts://broker.example.com:8883');
    else if (!['mqtt:', 'mqtts:', 'ws:', 'wss:'].includes(url.protocol))
      issue('must begin with mqtt, mqtts, ws or wss');
    else if (url.username !== '' || url.password !== '')
      issue('must not hold credentials; use username and password');
  })
  .meta({ title: 'URL' });

/** The address of a web page or an API. */
export const httpUrl = text
  .refine(
    (value) => URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol),
    'must be an http or https URL',
  )
  .meta({ title: 'URL' });

/** The name of a file that is not empty; its contents come out. */
export const contentsOfFile = (files: ConfigFiles) =>
  text.meta({ title: 'path' }).transform((file, context) => {
    const problem = (message: string): never => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    try {
      const contents = files.read(file);
      return contents.trim() === '' ? problem('names an empty file') : contents;
    } catch (error) {
      return error instanceof NotUtf8Error
        ? problem('names a file that is not UTF-8')
        : problem(`names a file that cannot be read (${systemErrorCode(error) ?? 'unknown error'})`);
    }
  });

/** The name of a file that lines can be appended to; its absolute path comes out. */
export const appendableFile = (files: ConfigFiles) =>
  text.meta({ title: 'path' }).transform((file, context) => {
    const problem = files.appendProblem(file);
    if (problem === undefined) return files.resolve(file);
    context.addIssue({
      code: 'custom',
      message: `names a file that cannot be opened for appending (${problem})`,
    });
    return z.NEVER;
  });
