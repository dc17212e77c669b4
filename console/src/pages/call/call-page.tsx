import { useState } from 'preact/hooks';
import '../../acting/acting.css';
import { ActDialog } from '../../acting/act-dialog.js';
import { inOneLine, type Whom } from '../../acting/intent.js';
import type { Run } from '../../acting/run.js';
import { runAt } from '../../acting/runs.js';
import { wordsOf } from '../../advice.js';
import { may } from '../../caller.js';
import { Empty, Shown } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { Time } from '../../components/time.js';
import type { PageProps } from '../../pages.js';
import { useResource } from '../../resource.js';
import { changeQuery, queryOf } from '../../router.js';
import { absolute, duration, now, seconds } from '../../times.js';
import { readCall } from './call-items.js';
import { CallItems, tallyOf } from './call-items-table.js';
import { CsvButton } from './csv-button.js';

/** A call for many clients: while it is carried out, and what became of each. Its address can be shared with admins. */
export function CallPage({ project }: PageProps) {
  const id = queryOf('id') ?? '';
  const run = runAt(id);
  if (run !== undefined) return <RunView key={id} run={run} project={project} />;
  if (id.startsWith('here-') || id === '') {
    return (
      <Empty title="This is not known any more">
        It was known to the tab that began it. The audit trail has what was done.
      </Empty>
    );
  }
  if (!may('admin', project)) {
    return (
      <Empty title="Not for your role">
        What others did is in the audit trail, which needs the role admin on the project.
      </Empty>
    );
  }
  return <RecordView key={id} project={project} id={id} />;
}

function RunView({ run, project }: { run: Run; project: string }) {
  const { items, tally, state } = run;
  const { intent, whom, reason } = run.plan;
  const isOver = state === 'over';
  const [retrying, setRetrying] = useState<Whom | undefined>(undefined);
  shareWhenOver(run, isOver);
  return (
    <>
      <header class="page-head">
        <h1>{inOneLine(intent.kind, run.count)}</h1>
        <RunState run={run} />
        <span class="push row">
          {!isOver && (
            <button type="button" class="danger" disabled={state === 'stopping'} onClick={() => run.stop()}>
              {state === 'stopping' ? 'Stopping…' : 'Stop'}
            </button>
          )}
          {isOver && run.notDone.length > 0 && (
            <button
              type="button"
              onClick={() => setRetrying({ kind: 'clients', projectId: project, clients: run.notDone })}
            >
              Retry the {run.notDone.length} that were not done…
            </button>
          )}
          {isOver && <CsvButton items={items} />}
        </span>
      </header>
      <Figures run={run} />
      <div class="call-facts">
        <span title={absolute(run.startedAt)}>
          began <Time at={run.startedAt} />
        </span>
        {whom.kind === 'matching' && <span>whoever matched: {whom.words || 'all'}</span>}
        {reason !== '' && <span>reason: {reason}</span>}
      </div>
      {run.error !== undefined && (
        <p class="refusal" role="alert">
          {wordsOf(run.error)}. What is listed is what is known.
        </p>
      )}
      <CallItems
        items={items}
        tally={{ ...tally, cameBack: run.cameBack.size }}
        cameBack={run.cameBack}
        project={project}
      />
      {retrying !== undefined && (
        <ActDialog whom={retrying} kind={intent.kind} first={intent} onClose={() => setRetrying(undefined)} />
      )}
    </>
  );
}

/** The address gets the ids of all its requests: with them others find it in the audit trail. */
function shareWhenOver(run: Run, isOver: boolean): void {
  const ids = run.requestIds.slice(0, 20).join('.');
  if (isOver && ids !== '' && queryOf('id') !== ids)
    queueMicrotask(() => changeQuery({ id: ids }, { replace: true }));
}

function RunState({ run }: { run: Run }) {
  const { done } = run.tally;
  if (run.state === 'stopping') return <Status kind="busy">stopping: nothing more is sent</Status>;
  if (run.state === 'running') return <Status kind="busy">under way</Status>;
  const took = seconds((run.endedAt ?? run.startedAt) - run.startedAt);
  const left = run.total - run.items.length;
  if (left > 0) {
    return (
      <Status kind="bad">
        ended after {took}; of {left} nothing was told: not sent, or under way at the end
      </Status>
    );
  }
  return done === run.total ? (
    <Status kind="ok">all done in {took}</Status>
  ) : (
    <Status kind="bad">
      {run.total - done} not done, after {took}
    </Status>
  );
}

/** Bar, rate and time left. */
function Figures({ run }: { run: Run }) {
  if (run.state === 'over') return null;
  const ended = run.items.length;
  const seconds = Math.max(0.5, (Math.max(now.value, Date.now()) - run.startedAt) / 1000);
  const rate = ended / seconds;
  const left = rate === 0 ? undefined : ((run.total - ended) / rate) * 1000;
  return (
    <div class="call-figures">
      <progress class="bar" max={run.total} value={ended} aria-label="Progress" />
      <span>
        {ended.toLocaleString('en')} of {run.total.toLocaleString('en')}
      </span>
      <span class="muted">
        {rate < 10 ? rate.toFixed(1) : Math.round(rate).toLocaleString('en')} a second
      </span>
      {left !== undefined && <span class="muted">{duration(left)} left</span>}
    </div>
  );
}

function RecordView({ project, id }: { project: string; id: string }) {
  const { resource, reload } = useResource(`${project}/${id}`, (signal) =>
    readCall(project, id.split('.'), signal),
  );
  return (
    <Shown resource={resource} again={reload}>
      {(call) =>
        call === undefined ? (
          <Empty title="The audit trail has no such call">It may be older than what is kept.</Empty>
        ) : (
          <>
            <header class="page-head">
              <h1>A call for {call.items.length.toLocaleString('en')} items</h1>
              <span class="push">
                <CsvButton items={call.items} />
              </span>
            </header>
            <div class="call-facts">
              <span>by {call.caller}</span>
              <span>
                ended <Time at={call.endedAt} />
              </span>
              {call.reason !== undefined && <span>reason: {call.reason}</span>}
            </div>
            <CallItems
              items={call.items}
              tally={tallyOf(call.items)}
              cameBack={new Map()}
              project={project}
            />
          </>
        )
      }
    </Shown>
  );
}
