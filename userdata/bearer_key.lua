-- Envoy's api_key_auth takes `Bearer KEY` for the key, and any other value as it is: `bearer KEY` is
-- no key to it, and KEY without a scheme is. So it is given one form of what RFC 9110 (11.1: a scheme
-- is of either case) calls a bearer's credentials, and nothing of all else.

function envoy_on_request(handle)
  local headers = handle:headers()
  local given = headers:get("authorization")
  local key = given and string.match(given, "^[Bb][Ee][Aa][Rr][Ee][Rr] +(%S+)$")
  if key then
    headers:replace("authorization", "Bearer " .. key)
  else
    headers:remove("authorization")
  end
end
