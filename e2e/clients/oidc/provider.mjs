// A certified OpenID Connect provider, set up as tests need it: clients that get access tokens for themselves, and one
// with which people log in by the device flow, on the provider's own pages; and web pages that people sign in to.
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { parse, stringify } from 'node:querystring';
import { Provider } from 'oidc-provider';

const settings = () => JSON.parse(readFileSync(process.argv[2]));

const { issuer, port, cert, key, keys, audience, clients, device, pages, asks, tokenSecs } = settings();

const jwk = ({ kid, pem }) => ({ ...createPrivateKey(pem).export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' });

const own = Object.entries(clients).map(([client_id, { secret }]) => ({
  client_id,
  client_secret: secret,
  token_endpoint_auth_method: 'client_secret_post',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  id_token_signed_response_alg: 'ES256',
}));

const shared = {
  client_id: device,
  token_endpoint_auth_method: 'none',
  application_type: 'native',
  grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
  redirect_uris: [],
  response_types: [],
  id_token_signed_response_alg: 'ES256',
};

// Web pages, each with a secret.
const web = pages.map(({ id, secret, redirect }) => ({
  client_id: id,
  client_secret: secret,
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code'],
  response_types: ['code'],
  redirect_uris: [redirect],
  id_token_signed_response_alg: 'ES256',
}));

// It asks whether tokens of others hold.
const resource = {
  client_id: asks.id,
  client_secret: asks.secret,
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: [],
  redirect_uris: [],
  response_types: [],
  id_token_signed_response_alg: 'ES256',
};

// What is said of whoever a token is of, at this moment.
const claims = ({ accountId, clientId }) => {
  const { people, clients: now } = settings();
  return accountId ? people[accountId] : now[clientId].claims;
};

const provider = new Provider(issuer, {
  jwks: { keys: keys.map(jwk) },
  clients: [...own, shared, ...web, resource],
  // What it says of people is in ID tokens too.
  claims: { openid: ['sub', 'preferred_username', 'groups', 'act'] },
  conformIdTokenClaims: false,
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    devInteractions: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => ({
        scope: '',
        audience: resource,
        accessTokenTTL: tokenSecs,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...settings().people[id] }) }),
  issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  extraTokenClaims: (_, token) => claims(token),
});

// A token that is signed this provider does not keep, and so can neither take it back nor say of it whether it holds. It keeps a
// twin of each, of the same client, person, grant and life; of that its own introspection and revocation speak.
const twins = new Map();
provider.use(async (ctx, next) => {
  const speaksOfTokens = ['/token/introspection', '/token/revocation'].includes(ctx.path) && ctx.method === 'POST';
  if (speaksOfTokens) {
    const chunks = [];
    for await (const chunk of ctx.req) chunks.push(chunk);
    const body = parse(Buffer.concat(chunks).toString());
    ctx.req.body = stringify({ ...body, token: twins.get(body.token) ?? body.token });
    await next();
    if (ctx.body?.active) Object.assign(ctx.body, claims({ accountId: ctx.body.sub, clientId: ctx.body.client_id }));
    return;
  }
  await next();
  const token = ctx.oidc?.entities?.AccessToken ?? ctx.oidc?.entities?.ClientCredentials;
  if (ctx.path === '/token' && token && ctx.body?.access_token) {
    const { accountId, grantId, gty, scope, sessionUid, expiresWithSession } = token;
    const own = { accountId, grantId, gty, scope, sessionUid, expiresWithSession };
    const twin = new provider[token.kind]({ ...own, client: ctx.oidc.client, expiresIn: tokenSecs });
    twins.set(ctx.body.access_token, await twin.save());
  }
});

const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, provider.callback());
server.listen(port, '127.0.0.1', () => console.log(`listening on ${issuer}`));
