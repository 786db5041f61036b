/**
 * The web page of the workspace: five panels that follow the data, a metric of CloudWatch, the
 * traces of an X-Ray, and a form for an expression of the user's own. Its bundle has everything it
 * needs; it requests only what the workspace that served it answers, relative to its own URL.
 */
import { render } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { CloudWatchPanel } from './cloudwatch/panel.tsx';
import { formatTime } from './format.ts';
import { Panel, type View } from './panel.tsx';
import { PANELS } from './panels.ts';
import { Traces } from './traces/traces.tsx';

const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const THEME_KEY = 'amperage-theme';

const SPANS = [
  { text: '5m', spanS: 300 },
  { text: '15m', spanS: 900 },
  { text: '1h', spanS: 3600 },
] as const;

function App() {
  const [spanS, setSpanS] = useState<number>(300);
  const [theme, setTheme] = useState<Theme>(readTheme);
  const [paused, setPaused] = useState(false);
  const [updatedMs, setUpdatedMs] = useState<number>();
  const systemDark = useSystemDark();
  const order = useOrder();
  const onFrame = useCallback((isFilled: boolean) => {
    setUpdatedMs(Date.now());
    order.onFrame(isFilled);
  }, []);
  applyTheme(theme);
  const view: View = { spanS, paused, theme: theme === 'auto' ? `auto-${systemDark}` : theme };
  const traces = <Traces key="traces" view={view} onTraces={order.onTraces} />;
  return (
    <>
      <header class="bar">
        <div class="name">
          <h1>Amperage</h1>
          <p class={paused ? 'state paused' : 'state'}>
            {paused ? 'paused' : 'every 5 s'}
            {updatedMs === undefined ? '' : ` · updated ${formatTime(updatedMs / 1000)}`}
          </p>
        </div>
        <div class="controls">
          <button type="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>
            Pause
          </button>
          <Choice
            name="Range"
            options={SPANS.map(({ text, spanS: value }) => ({ text, value }))}
            value={spanS}
            onChoose={setSpanS}
          />
          <Choice
            name="Theme"
            options={THEMES.map((value) => ({ text: value, value }))}
            value={theme}
            onChoose={(next) => {
              storeTheme(next);
              setTheme(next);
            }}
          />
        </div>
      </header>
      <main>
        {order.isTracesFirst ? traces : null}
        <div class="panels" key="panels">
          {PANELS.map((panel) => (
            <Panel key={panel.id} {...panel} {...view} onFrame={onFrame} />
          ))}
        </div>
        <CloudWatchPanel key="cloudwatch" {...view} />
        {order.isTracesFirst ? null : traces}
        <Explore view={view} />
      </main>
    </>
  );
}

/**
 * What comes first on the page: the panels, or the traces where these have come and no panel has
 * data. When metrics come later, the panels go back to the top unless a trace is open, which would
 * move away from who reads it.
 */
function useOrder() {
  const [isTracesFirst, setTracesFirst] = useState(false);
  const seen = useRef({ frames: 0, hasMetrics: false, hasTraces: false });
  return useMemo(() => {
    const choose = (): void => {
      const { frames, hasMetrics, hasTraces } = seen.current;
      if (hasMetrics) setTracesFirst((before) => before && location.hash !== '');
      else if (hasTraces && frames >= PANELS.length) setTracesFirst(true);
    };
    return {
      onFrame: (isFilled: boolean): void => {
        seen.current.frames += 1;
        seen.current.hasMetrics ||= isFilled;
        choose();
      },
      onTraces: (): void => {
        seen.current.hasTraces = true;
        choose();
      },
      isTracesFirst,
    };
  }, [isTracesFirst]);
}

interface ChoiceProps<Value> {
  readonly name: string;
  readonly options: readonly { readonly text: string; readonly value: Value }[];
  readonly value: Value;
  readonly onChoose: (value: Value) => void;
}

/** A choice as radio buttons in one row, so that the arrow keys of the browser work. */
function Choice<Value extends string | number>(props: ChoiceProps<Value>) {
  return (
    <fieldset class="choice">
      <legend class="unseen">{props.name}</legend>
      {props.options.map(({ text, value }) => (
        <label key={value}>
          <input
            type="radio"
            name={props.name}
            checked={value === props.value}
            onChange={() => props.onChoose(value)}
          />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** A form for one expression, which is drawn like those of the panels. */
function Explore({ view }: { view: View }) {
  const [draft, setDraft] = useState('');
  const [asked, setAsked] = useState('');
  const queries = useMemo(() => [{ query: asked, legend: '' }], [asked]);
  return (
    <section class="explore" aria-labelledby="explore-title">
      <h2 id="explore-title">Ask</h2>
      <form
        class="ask"
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(draft.trim());
        }}
      >
        <label class="unseen" for="expression">
          PromQL expression
        </label>
        <input
          id="expression"
          type="text"
          value={draft}
          placeholder="a PromQL expression, such as up"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          maxLength={4_000}
          onInput={(event) => setDraft(event.currentTarget.value)}
        />
        <button type="submit">Draw</button>
      </form>
      {asked === '' ? null : (
        <Panel
          key={asked}
          id="explore"
          title="Answer"
          unit={undefined}
          queries={queries}
          {...view}
        />
      )}
    </section>
  );
}

function useSystemDark(): boolean {
  const media = useMemo(() => matchMedia('(prefers-color-scheme: dark)'), []);
  const [dark, setDark] = useState(media.matches);
  useEffect(() => {
    const onChange = () => setDark(media.matches);
    media.addEventListener('change', onChange);
    return () => media.removeEventListener('change', onChange);
  }, [media]);
  return dark;
}

/** Sets the theme. Called before panels draw, as charts read colours from the style sheet. */
function applyTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

function readTheme(): Theme {
  try {
    const stored = localStorage.getItem(THEME_KEY);
    return THEMES.find((theme) => theme === stored) ?? 'auto';
  } catch {
    return 'auto'; // Storage can be forbidden; then a choice lasts until the page is closed.
  }
}

function storeTheme(theme: Theme): void {
  try {
    localStorage.setItem(THEME_KEY, theme);
  } catch {
    // Storage can be forbidden, as in readTheme.
  }
}

render(<App />, document.body);
