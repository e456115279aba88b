// A browser with somebody before it. Each step of the list is done one after the other; what stands on the page behind it is printed, a line of
// JSON for each.
import { chromium } from 'playwright-core';

const [, , executablePath, list] = process.argv;
const browser = await chromium.launch({ executablePath });
// Certificates of the tests are nobody's whom a browser knows.
const context = await browser.newContext({ ignoreHTTPSErrors: true });
let page = await context.newPage();
let status = null;
page.on('response', (answer) => {
  if (answer.request().isNavigationRequest() && answer.frame() === page.mainFrame()) status = answer.status();
});

const steps = {
  open: (address) => page.goto(address),
  // The provider's pages ask for a name, and then whether that is so.
  sign_in: async (name) => {
    await page.fill('input[name=login]', name);
    await page.fill('input[name=password]', 'any');
    await page.click('button[type=submit]');
    await page.click('button[type=submit]:has-text("Continue")');
  },
  give_up: async () => page.click('a:has-text("Cancel")'),
  fill: async ([field, text]) => page.fill(`[name="${field}"]`, text),
  choose: async ([field, value]) => page.selectOption(`[name="${field}"]`, value),
  click: async (name) => page.click(`button:has-text("${name}")`),
  // Another site's page, whose form goes to this address.
  foreign_form: async ([address, fields]) => {
    const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
    await page.goto('about:blank');
    await page.setContent(`<form method="post" action="${address}">${inputs.join('')}</form>`);
    await Promise.all([page.waitForNavigation(), page.evaluate(() => document.forms[0].submit())]);
  },
  // Another site's page with this one in it.
  frame: async (address) => {
    await page.goto('about:blank');
    await page.setContent(`<iframe src="${address}"></iframe>`);
    await page.waitForLoadState('networkidle');
  },
};

for (const [[step, value]] of JSON.parse(list).map((one) => Object.entries(one))) {
  await steps[step](value);
  await page.waitForLoadState('load');
  const cookies = (await context.cookies()).filter((one) => one.name.startsWith('__Host-picket'));
  const rows = await page.locator('tr').evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.innerText)));
  const frames = await Promise.all(page.frames().slice(1).map((frame) => frame.evaluate(() => document.body.innerText).catch(() => '')));
  const seen = { address: page.url(), status, title: await page.title(), text: await page.innerText('body'), rows, frames };
  seen.elements = await page.locator('body *').evaluateAll((all) => all.map((one) => one.localName));
  seen.cookies = cookies.map(({ name, value, httpOnly, secure, sameSite, path }) => ({ name, value, httpOnly, secure, sameSite, path }));
  seen.hidden = await page.locator('input[type=hidden]').evaluateAll((all) => all.map((one) => one.value));
  console.log(JSON.stringify(seen));
}
await browser.close();
