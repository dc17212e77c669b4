import { z } from 'zod';
import type { ConfigFiles } from '../config-files.js';
import { appendableFile, boolean, integer } from './fields.js';
import { oneOfEach, storeFields, withPassword } from './stores.js';

/** Where the audit trail can be kept. */
const STORES = ['log', 'memory', 'file', 'postgres'] as const;

/** `audit` of the configuration. */
export function auditSchema(files: ConfigFiles) {
  const postgres = z
    .strictObject({
      ...storeFields(files, ['postgres', 'postgresql']),
      keepDays: integer(1, 36_500)
        .prefault(400)
        .meta({ description: 'Records older than this are removed.' }),
    })
    .superRefine(oneOfEach)
    .superRefine(({ url }, context) => {
      if (!URL.canParse(url) || new URL(url).search === '') return;
      const message = 'must not hold parameters; what can be set has keys of its own';
      context.addIssue({ code: 'custom', path: ['url'], message });
    })
    .transform(withPassword);
  return z
    .strictObject({
      store: z
        .enum(STORES, `must be one of ${STORES.join(', ')}`)
        .optional()
        .meta({
          description:
            'Where the audit trail is kept: `log`, as lines of the log, which the API cannot read back; `memory`, the latest records until the ' +
            'process ends; `file`; `postgres`, which replicas share. Default: `postgres` or `file` where that is configured, else `log`.',
        }),
      file: appendableFile(files).optional().meta({
        title: 'path',
        description: 'The file of the store `file`, one JSON line per action. Its folder has to be writable.',
      }),
      sync: boolean
        .prefault(false)
        .meta({ description: 'Flush each line of the file to the disk before the answer is sent.' }),
      required: boolean
        .prefault(false)
        .meta({ description: 'Fail control calls with 500 while the trail cannot be written.' }),
      postgres: postgres.optional().meta({ description: 'The PostgreSQL of the store `postgres`.' }),
    })
    .superRefine(({ store, file, postgres, sync, required }, context) => {
      const issue = (path: string, message: string) =>
        context.addIssue({ code: 'custom', path: [path], message });
      if (store === 'file' && file === undefined) issue('store', 'needs audit.file');
      if (store === 'postgres' && postgres === undefined) issue('store', 'needs audit.postgres');
      if (store === undefined && file !== undefined && postgres !== undefined)
        issue('store', 'is required where both file and postgres are there');
      if (sync && file === undefined) issue('sync', 'needs audit.file');
      if (required && file === undefined && postgres === undefined) issue('required', 'needs audit.file');
      else if (required && (store === 'log' || store === 'memory'))
        issue('required', 'needs the store file or postgres');
    })
    .transform(({ store, ...rest }) => ({
      ...rest,
      store: store ?? (rest.postgres ? 'postgres' : rest.file === undefined ? 'log' : 'file'),
    }));
}
