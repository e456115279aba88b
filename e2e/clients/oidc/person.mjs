// Somebody with a browser: opens an address, keeps cookies, fills in each form that comes, and reads what stands on the last page.
const [, , start, name] = process.argv;
const PAGES_MAX = 20;
const jar = new Map();

const visit = async (address, form) => {
  const cookie = [...jar].map(([key, value]) => `${key}=${value}`).join('; ');
  const answer = await fetch(address, { method: form ? 'POST' : 'GET', body: form, redirect: 'manual', headers: { cookie } });
  for (const set of answer.headers.getSetCookie()) {
    const [, key, value] = /^([^=]+)=([^;]*)/.exec(set);
    if (value) jar.set(key, value); else jar.delete(key);
  }
  return answer;
};

const attribute = (tag, attribute) => new RegExp(`${attribute}="([^"]*)"`).exec(tag)?.[1];

let [address, form] = [new URL(start), undefined];
for (let page = 0; page < PAGES_MAX; page++) {
  const answer = await visit(address, form);
  if (answer.headers.has('location')) {
    [address, form] = [new URL(answer.headers.get('location'), address), undefined];
    continue;
  }
  const text = await answer.text();
  const inside = /<form[^>]*>[\s\S]*?<\/form>/.exec(text)?.[0];
  if (!inside) {
    console.log(text.replace(/<(style|script)[\s\S]*?<\/\1>/g, '').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim());
    process.exit(answer.ok ? 0 : 1);
  }
  const action = attribute(inside, 'action');
  form = new URLSearchParams();
  for (const [tag] of inside.matchAll(/<(input|button)[^>]*>/g)) {
    const field = attribute(tag, 'name');
    if (field && field !== 'abort') form.set(field, field === 'login' ? name : (attribute(tag, 'value') ?? 'any'));
  }
  address = new URL(action ?? address, address);
}
console.log('the forms do not end');
process.exit(1);
