import { test } from 'node:test';
import { freePort } from '../kit/processes.ts';
import { putRole } from '../kit/emulated-roles.ts';
import { ProvedPlace } from './proved-place.ts';
import { PROVED_ROWS } from './proved-rows.ts';
import { listActions, takeAway } from './proving.ts';

for (const [name, { use }] of Object.entries(PROVED_ROWS)) {
  test(name, async (context) => {
    const place = await ProvedPlace.open(context);
    await putRole(place.cloud, 'other');
    const {
      command,
      env = {},
      policy,
      stir = async () => undefined,
    } = use(place, [await freePort(), await freePort()]);
    const policies = await place.generate(policy);
    await place.cloud.allow(policies);
    const actions = listActions(policies);
    let t = performance.now();
    const isAll = () => actions.every((one) => place.cloud.listNeeded().includes(one));
    const said = await place.run(command, env, isAll, stir).catch((e) => String(e));
    console.log(
      '##',
      name,
      (performance.now() - t).toFixed(),
      'unused',
      actions.filter((a) => !place.cloud.listNeeded().includes(a)),
      'denied',
      place.cloud.judged.filter((j) => j.denial).map((j) => j.denial),
      isAll() ? '' : said.slice(-1500),
    );
    for (const action of actions) {
      t = performance.now();
      const at = await ProvedPlace.open(context);
      await putRole(at.cloud, 'other');
      await at.cloud.allow(takeAway(policies, action));
      const own = use(at, [await freePort(), await freePort()]);
      await at.cloud.allow(takeAway(await at.generate(own.policy), action));
      let since = 0;
      const words = await at
        .run(
          own.command,
          env,
          () => {
            if (at.cloud.listDenied().length > 0) since ||= performance.now();
            return since > 0 && performance.now() - since > 1500;
          },
          own.stir ?? stir,
        )
        .catch((e) => String(e));
      const lines = words
        .split('\n')
        .filter((l) => /not authorized|denied|needs|AccessDenied/i.test(l));
      console.log(
        '  -',
        action,
        (performance.now() - t).toFixed(),
        'denied',
        at.cloud.listDenied(),
        'names',
        lines.some((l) => l.includes(action)),
        lines.slice(0, 3).map((l) => l.slice(0, 330)),
        lines.length ? '' : words.slice(-1200),
      );
    }
  });
}
