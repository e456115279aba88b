// A certified OpenID Connect provider, set up as tests need it: clients that get access tokens for themselves, and one
// with which people log in by the device flow, on the provider's own pages.
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { Provider } from 'oidc-provider';

const { issuer, port, cert, key, keys, audience, clients, people, device, tokenSecs } = JSON.parse(readFileSync(process.argv[2]));

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

const provider = new Provider(issuer, {
  jwks: { keys: keys.map(jwk) },
  clients: [...own, shared],
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    devInteractions: { enabled: true },
    revocation: { enabled: true },
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
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: true,
  extraTokenClaims: (_, token) => (token.accountId ? people[token.accountId] : clients[token.clientId].claims),
});

const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, provider.callback());
server.listen(port, '127.0.0.1', () => console.log(`listening on ${issuer}`));
