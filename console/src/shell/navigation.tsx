import { hrefOf } from '../address.js';
import { may } from '../caller.js';
import { Icon } from '../components/icon.js';
import { pageAt, PAGES } from '../pages.js';
import { address } from '../router.js';
import { projects } from '../caller.js';

/** The pages that the caller's role allows. */
export function Navigation() {
  const project = address.value.project ?? projects.value?.[0]?.id;
  const current = pageAt(address.value);
  return (
    <nav class="navigation" aria-label="Pages">
      <ul>
        {PAGES.filter(({ icon, role }) => icon !== undefined && may(role, project)).map(
          ({ path, title, icon }) => (
            <li key={path}>
              <a
                href={hrefOf({ project, page: path })}
                aria-current={current?.path === path ? 'page' : undefined}
              >
                {icon !== undefined && <Icon name={icon} />}
                {title}
              </a>
            </li>
          ),
        )}
      </ul>
    </nav>
  );
}
