import { useEffect, useState } from 'preact/hooks';
import { readClientRef } from '../address.js';
import { callerError, caller, may, projects, readCaller } from '../caller.js';
import { Empty, Failed, Loading } from '../components/states.js';
import { useKeys } from '../keys.js';
import { ClientDrawer } from '../pages/client/client-drawer.js';
import { pageAt } from '../pages.js';
import { address, changeQuery, queryOf } from '../router.js';
import { isSignedIn, refusal } from '../session.js';
import { Header } from './header.js';
import { Help } from './help.js';
import { Navigation } from './navigation.js';
import { SignIn, SignInAgain } from './sign-in.js';

/** The console: the first page to sign in, then header, navigation, page and drawer. */
export function Shell() {
  const isKnown = caller.value !== undefined;
  if (!isSignedIn.value || (!isKnown && refusal.value !== undefined)) return <SignIn />;
  if (!isKnown && callerError.value === undefined) return <Loading />;
  return (
    <>
      {!isKnown ? <Failed error={callerError.value} again={() => void readCaller()} /> : <Frame />}
      {refusal.value !== undefined && <SignInAgain />}
    </>
  );
}

function Frame() {
  const [isHelping, setHelping] = useState(false);
  useKeys({ '?': () => setHelping(true) });
  const open = readClientRef(queryOf('open'));
  return (
    <div class="shell">
      <Header />
      <Navigation />
      <main class="page" id="page">
        <CurrentPage />
      </main>
      {open !== undefined && (
        <ClientDrawer key={queryOf('open')} client={open} onClose={() => changeQuery({ open: null })} />
      )}
      {isHelping && <Help onClose={() => setHelping(false)} />}
    </div>
  );
}

function CurrentPage() {
  const page = pageAt(address.value);
  const { project } = address.value;
  useEffect(() => {
    document.title = page === undefined ? 'MQTT Client Control' : `${page.title} · MQTT Client Control`;
  }, [page]);
  if (projects.value?.length === 0) {
    return (
      <Empty title="No project that you may see">An administrator of the service can grant you one.</Empty>
    );
  }
  if (page === undefined) return <Empty title="There is no such page">Choose one on the left.</Empty>;
  if (!may(page.role, project)) {
    return <Empty title="Not for your role">This page needs the role {page.role} on the project.</Empty>;
  }
  const Content = page.component;
  return <Content key={`${project ?? ''}/${page.path}`} project={project ?? ''} />;
}
