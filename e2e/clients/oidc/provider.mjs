// A certified OpenID Connect provider, set up as tests need it: clients that get access tokens for themselves.
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { Provider } from 'oidc-provider';

const { issuer, port, cert, key, keys, audience, clients } = JSON.parse(readFileSync(process.argv[2]));

const jwk = ({ kid, pem }) => ({ ...createPrivateKey(pem).export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' });

const provider = new Provider(issuer, {
  jwks: { keys: keys.map(jwk) },
  clients: Object.entries(clients).map(([client_id, { secret }]) => ({
    client_id,
    client_secret: secret,
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    id_token_signed_response_alg: 'ES256',
  })),
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      getResourceServerInfo: (_, resource) => ({
        scope: '',
        audience: resource,
        accessTokenTTL: 600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  extraTokenClaims: (_, token) => clients[token.clientId].claims,
});

const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, provider.callback());
server.listen(port, '127.0.0.1', () => console.log(`listening on ${issuer}`));
