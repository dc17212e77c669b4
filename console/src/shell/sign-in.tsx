import { useState } from 'preact/hooks';
import { Status } from '../components/status.js';
import iconUrl from '../icon.svg';
import { Dialog } from '../components/dialog.js';
import { beginSignIn, provider, signInState } from '../identity/identity.js';
import { refusal, signIn, signOut } from '../session.js';

/** The first page: with the identity provider where one is configured, or with a token of the service. */
export function SignIn() {
  return (
    <main class="sign-in">
      <TokenForm>
        <h1>
          <img src={iconUrl} width="28" height="28" alt="" />
          MQTT Client Control
        </h1>
        <ProviderButton />
      </TokenForm>
    </main>
  );
}

/** Leads to the identity provider, and says why that failed. */
function ProviderButton() {
  if (provider === undefined) return null;
  const state = signInState.value;
  const isBusy = state?.state === 'busy';
  return (
    <>
      <button type="button" class="primary" disabled={isBusy} onClick={() => void beginSignIn()}>
        {isBusy ? 'Signing in…' : `Sign in with ${provider}`}
      </button>
      {state?.state === 'failed' && (
        <p role="alert">
          <Status kind="bad">{state.why}</Status>
        </p>
      )}
      <p class="small muted">or with a token of the service:</p>
    </>
  );
}

function TokenForm({ children }: { children: preact.ComponentChildren }) {
  const [text, setText] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') signIn(text.trim());
      }}
    >
      {children}
      {refusal.value !== undefined && (
        <p role="alert">
          <Status kind="bad">{refusal.value}</Status>
        </p>
      )}
      <TokenField text={text} onText={setText} hint="Kept in this tab until it is closed." />
      <button
        type="submit"
        class={provider === undefined ? 'primary' : undefined}
        disabled={text.trim() === ''}
      >
        Sign in
      </button>
    </form>
  );
}

function TokenField({ text, onText, hint }: { text: string; onText: (text: string) => void; hint: string }) {
  return (
    <div class="field">
      <label for="token">Token</label>
      <input
        id="token"
        type="password"
        autocomplete="current-password"
        spellcheck={false}
        aria-describedby="token-hint"
        value={text}
        onInput={({ currentTarget }) => onText(currentTarget.value)}
      />
      <span id="token-hint" class="hint">
        {hint}
      </span>
    </div>
  );
}

/** The token was refused in the middle of work: the page stays as it is underneath. */
export function SignInAgain() {
  const [text, setText] = useState('');
  return (
    <Dialog
      title="Sign in again"
      foot={
        <>
          <button type="button" onClick={signOut}>
            Sign out
          </button>
          <button type="submit" form="again" class="primary" disabled={text.trim() === ''}>
            Sign in
          </button>
        </>
      }
    >
      <p role="alert">{refusal.value}</p>
      <ProviderButton />
      <form
        id="again"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== '') signIn(text.trim());
        }}
      >
        <TokenField text={text} onText={setText} hint="Nothing on this page is lost." />
      </form>
    </Dialog>
  );
}
