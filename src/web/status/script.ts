import { STALE_SECONDS } from './words.js';

/**
 * The status page's own script: it asks for the page again and again, and puts what has changed in its place. No part of
 * it is made of foreign text, since the page's policy allows this very text and no other.
 */
export const SCRIPT = `'use strict';
(() => {
  const PERIOD_MS = 5000;
  const PATIENCE_MS = 10000;
  const STALE_S = ${STALE_SECONDS};
  const element = (id) => document.getElementById(id);
  const root = document.documentElement;
  const main = element('main');
  let skew = Number(root.dataset.now) - Date.now();
  let paused = false;
  let goneSince = null;
  let timer = 0;
  let running = null;

  const now = () => Date.now() + skew;
  const clockTime = (ms) => new Date(ms).toISOString().slice(11, 19) + ' UTC';

  function ageText(seconds) {
    if (seconds < 120) return Math.floor(seconds) + ' s';
    if (seconds < 7200) return Math.floor(seconds / 60) + ' min';
    if (seconds < 172800) return Math.floor(seconds / 3600) + ' h';
    return Math.floor(seconds / 86400) + ' days';
  }

  function showAge() {
    const age = element('age');
    if (!age) return;
    const seconds = Math.max(0, now() - Number(age.dataset.at)) / 1000;
    age.textContent = ageText(seconds);
    element('stale').hidden = seconds < STALE_S;
  }

  function showGone(why) {
    goneSince ??= clockTime(now());
    const text = 'No news from the exporter since ' + goneSince + ' (' + why + '). The figures below are older.';
    const gone = element('gone');
    if (gone.textContent !== text) gone.textContent = text;
    gone.hidden = false;
    main.classList.add('old');
    document.title = 'No answer – vhi-exporter';
  }

  function showBack(title) {
    if (goneSince === null) return;
    goneSince = null;
    element('gone').hidden = true;
    element('gone').textContent = '';
    main.classList.remove('old');
    document.title = title;
    element('news').textContent = 'The exporter answers again. ' + main.dataset.verdict;
  }

  /** Puts the new figures in place of the old; what the reader has opened, ticked and focused stays. */
  function take(page, fresh) {
    const opened = [...main.querySelectorAll('details[open]')].map(({ id }) => id);
    const ticked = [...main.querySelectorAll('input:checked')].map(({ id }) => id);
    const focused = main.querySelector(':focus');
    const place = focused?.closest('[id]');
    const { scrollX: x, scrollY: y } = window;
    const changed = main.dataset.verdict !== fresh.dataset.verdict;
    main.dataset.tag = fresh.dataset.tag;
    main.dataset.verdict = fresh.dataset.verdict;
    main.replaceChildren(...fresh.childNodes);
    for (const id of opened) element(id)?.setAttribute('open', '');
    for (const id of ticked) if (element(id)) element(id).checked = true;
    if (place) {
      const anew = element(place.id);
      // A summary has no id, but its details have.
      const target = place === focused ? anew : anew?.querySelector('summary');
      (target ?? main).focus({ preventScroll: true });
    }
    window.scrollTo({ left: x, top: y, behavior: 'instant' });
    document.title = page.title;
    if (changed) element('news').textContent = main.dataset.verdict;
  }

  async function ask(signal) {
    const headers = { 'If-None-Match': '"' + main.dataset.tag + '"' };
    const answer = await fetch('./', { headers, signal, redirect: 'manual' });
    const served = Date.parse(answer.headers.get('Date') ?? '');
    if (answer.status === 304) return { served };
    if (answer.type === 'opaqueredirect') throw new Error('it answers with a redirect');
    if (!answer.ok) throw new Error('it answers HTTP ' + answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = page.querySelector('main[data-tag]');
    if (!fresh) throw new Error('it answers with another page');
    return { served, page, fresh };
  }

  async function refresh() {
    clearTimeout(timer);
    if (running || paused || document.hidden) return;
    const own = (running = new AbortController());
    const late = setTimeout(() => own.abort(), PATIENCE_MS);
    let title = main.dataset.verdict.split(':')[0] + ' – vhi-exporter';
    try {
      const { served, page, fresh } = await ask(own.signal);
      if (own.signal.aborted) return;
      if (page && page.documentElement.dataset.build !== root.dataset.build) return location.reload();
      // The header counts whole seconds: the age shall not jump for so little.
      if (Math.abs(served - now()) > 2000) skew = served - Date.now();
      if (fresh) {
        take(page, fresh);
        title = page.title;
      }
      showBack(title);
    } catch (error) {
      const why = own.signal.aborted ? 'it takes too long' : error instanceof TypeError ? 'no connection' : error.message;
      if (!paused) showGone(why);
    } finally {
      clearTimeout(late);
      running = null;
      showAge();
      if (!paused && !document.hidden) timer = setTimeout(refresh, PERIOD_MS);
    }
  }

  element('pause').addEventListener('click', () => {
    paused = !paused;
    element('pause').textContent = paused ? 'Resume' : 'Pause';
    element('pace').textContent = paused ? 'Paused' : 'Refreshes every 5 s';
    if (paused) {
      clearTimeout(timer);
      running?.abort();
    } else refresh();
  });
  document.addEventListener('visibilitychange', () => refresh());
  setInterval(showAge, 1000);
  showAge();
  element('refresh').hidden = false;
  timer = setTimeout(refresh, PERIOD_MS);
})();
`;
