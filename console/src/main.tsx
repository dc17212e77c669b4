import { render } from 'preact';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './components/small.css';
import './components/states.css';
import './components/table.css';
import './components/dialog.css';
import './shell/shell.css';
import './theme.js';
import { completeSignIn } from './identity/identity.js';
import { Shell } from './shell/shell.js';

const root = document.getElementById('console');
void completeSignIn();
if (root !== null) render(<Shell />, root);
