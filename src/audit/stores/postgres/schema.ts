import type { ClientBase } from 'pg';

/** Whoever migrates holds this lock, so that replicas that start together do not get into each other's way. Any number will do. */
const MIGRATION_LOCK = 7_162_534_081;

/**
 * What makes each version of the schema out of the one before. A version that was released is never changed; later ones
 * only add, so that an older service keeps working on a newer schema.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE client_control_audit (
     time timestamptz NOT NULL,
     id bigint NOT NULL,
     record text NOT NULL,
     project text,
     broker text,
     client_id text,
     action text,
     caller text,
     outcome text NOT NULL,
     request_id text,
     call_id text,
     PRIMARY KEY (time, id)
   );
   CREATE INDEX client_control_audit_client ON client_control_audit (client_id, time, id);
   CREATE INDEX client_control_audit_project ON client_control_audit (project, time, id);
   CREATE INDEX client_control_audit_caller ON client_control_audit (caller, time, id);
   CREATE INDEX client_control_audit_request ON client_control_audit (request_id, time, id);
   CREATE INDEX client_control_audit_call ON client_control_audit (call_id, time, id) WHERE call_id IS NOT NULL;
   CREATE INDEX client_control_audit_failed ON client_control_audit (outcome, time, id)
     WHERE outcome NOT IN ('OK', 'STARTED');`,
];

/**
 * Brings the schema to the latest version, in one transaction. Needs no right to create anything when it is there already.
 *
 * @returns the version that is there now; newer than {@link MIGRATIONS} when a newer service made it
 */
export async function migrate(client: ClientBase): Promise<number> {
  const current = await versionOf(client);
  if (current >= MIGRATIONS.length) return current;
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    // Another replica may have been faster.
    const before = await versionOf(client);
    if (before === 0)
      await client.query('CREATE TABLE IF NOT EXISTS client_control_audit_version (version int NOT NULL)');
    for (const migration of MIGRATIONS.slice(before)) await client.query(migration);
    const version = Math.max(before, MIGRATIONS.length);
    await client.query('DELETE FROM client_control_audit_version');
    await client.query('INSERT INTO client_control_audit_version VALUES ($1)', [version]);
    await client.query('COMMIT');
    return version;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** 0 when there is no schema, or its table was dropped. */
async function versionOf(client: ClientBase): Promise<number> {
  const { rows: found } = await client.query<{ readonly isThere: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AND to_regclass($2) IS NOT NULL AS "isThere"',
    ['client_control_audit_version', 'client_control_audit'],
  );
  if (found[0]?.isThere !== true) return 0;
  const { rows } = await client.query<{ readonly version: number }>(
    'SELECT version FROM client_control_audit_version',
  );
  return rows[0]?.version ?? 0;
}
