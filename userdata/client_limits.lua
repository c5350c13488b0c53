-- Two things that Envoy's limits of a client (tokenfleet/plan/edge/envoy/limits.py) do not do themselves: count
-- the tokens of answers that a request asks for, and say when to come back.
--
-- Asked for is what is to be written for one prompt, times answers, times prompts.
-- Engines read numbers in ways of their own ("5", true, nothing for "all that fits"), so a client
-- with a limit has to write a plain number: whatever cannot be counted is refused, not let through.
-- It is read where a route of a model was found, so the body is JSON, an object, and not too deep.

local METADATA = "edge"
-- What a path reads; of two that are given the larger one counts.
local COMPLETIONS = "/v1/completions"
local FIELDS = {
  [COMPLETIONS] = { "max_tokens" },
  ["/v1/chat/completions"] = { "max_completion_tokens", "max_tokens" },
  ["/v1/responses"] = { "max_output_tokens" },
}
-- Of a bucket (limits.py).
local WINDOW_SECONDS = 60
local MARK = "x-edge-limit"

local BACKSLASH, QUOTE, OPEN, CLOSE, OPEN_LIST = 92, 34, 123, 125, 91
local byte, find, match, sub = string.byte, string.find, string.match, string.sub

local function closing(body, from)
  local at = from
  while true do
    at = find(body, '"', at + 1, true)
    local before = at - 1
    while byte(body, before) == BACKSLASH do
      before = before - 1
    end
    if (at - before) % 2 == 1 then
      return at
    end
  end
end

-- Values of the outermost object by name, of those that occur twice the last, as engines take it:
-- a number, or the text of what is none. Besides, in a table that no name of a client's can add to,
-- how many prompts each list of them has. Nothing where a name is written with escapes.
local function fields(body)
  local found, depth, name = {}, 0, nil
  local prompts = { prompt = 0, prompt_embeds = 0 }
  local function count_prompt()
    if depth == 2 and prompts[name] then
      prompts[name] = prompts[name] + 1
    end
  end
  local at = find(body, '[%[%]{}"]')
  while at do
    local character = byte(body, at)
    if character == QUOTE then
      local close = closing(body, at)
      if depth == 1 and find(body, "^%s*:", close + 1) then
        name = sub(body, at + 1, close - 1)
        if find(name, "\\", 1, true) then
          return nil
        end
        local value = match(body, "^%s*:%s*([^%s,}%[{\"]*)", close + 1)
        found[name] = tonumber(value) or value
        prompts[name] = prompts[name] and 0
      else
        count_prompt()
      end
      at = close
    elseif character == OPEN or character == OPEN_LIST then
      count_prompt()
      depth = depth + 1
    else
      depth = depth - 1
    end
    at = find(body, '[%[%]{}"]', at + 1)
  end
  return found, prompts
end

local function is_whole(value)
  return type(value) == "number" and value >= 1 and value < 2 ^ 31 and value % 1 == 0
end

-- What is asked for; nothing, and what is wrong, where it cannot be told.
local function asked(body, path)
  local names, found, prompts = FIELDS[path], fields(body)
  if not found then
    return nil, names[1], "names of fields must be written without escapes"
  end
  local tokens
  for _, name in ipairs(names) do
    local value = found[name]
    if value ~= nil and value ~= "null" then
      if not is_whole(value) then
        return nil, name, name .. " must be a whole number from 1"
      end
      tokens = math.max(tokens or 0, value)
    end
  end
  if not tokens then
    return nil, names[1], "say " .. names[1]
  end
  local answers = found.n
  if answers == nil or answers == "null" then
    answers = 1
  elseif not is_whole(answers) then
    return nil, "n", "n must be a whole number from 1"
  end
  local lists = path == COMPLETIONS and prompts.prompt + prompts.prompt_embeds or 0
  return tokens * answers * math.max(1, lists)
end

local function refuse(handle, field, message)
  local error = '{"error":{"message":"%s","type":"invalid_request_error","param":"%s","code":"tokens_asked"}}'
  handle:respond(
    { [":status"] = "400", ["content-type"] = "application/json" },
    string.format(error, message, field)
  )
end

function envoy_on_request(handle)
  local client = handle:headers():get("x-client-id")
  local limit = client and handle:filterContext():get(client)
  local path = match(handle:headers():get(":path"), "^[^?]*")
  local body = limit and FIELDS[path] and handle:body()
  -- Refusals that are routes of their own have no name.
  if not body or handle:streamInfo():routeName() == "" then
    return
  end
  -- Envoy lets a request through whose script fails.
  local counted, tokens, field, wrong = pcall(asked, body:getBytes(0, body:length()), path)
  if not counted then
    refuse(handle, FIELDS[path][1], "The tokens that this request asks for cannot be counted.")
  elseif not tokens then
    refuse(handle, field, "This client has a limit of " .. limit .. " tokens a minute: " .. wrong .. ".")
  elseif tokens > limit then
    local message = "This client may ask for %d tokens a minute, and this request alone asks for %.0f."
    refuse(handle, FIELDS[path][1], string.format(message, limit, tokens))
  else
    local metadata = handle:streamInfo():dynamicMetadata()
    metadata:set(METADATA, "asked", tokens)
    metadata:set(METADATA, "limit", limit)
    metadata:set(METADATA, "counted", client)
  end
end

-- Envoy says how long it is to the next single token, rounded down: 0 where a request may be made
-- in half a second, and too short for tokens, of which more were asked for (edge.md, trap 11). Of a client with
-- both limits the bucket that refused comes first in the headers.
function envoy_on_response(handle)
  local headers = handle:headers()
  local refused_by, seconds = headers:get(MARK), nil
  if refused_by == "requests" then
    seconds = tonumber(headers:get("x-ratelimit-reset")) + 1
  elseif refused_by == "tokens" then
    local known = handle:streamInfo():dynamicMetadata():get(METADATA)
    local left = match(headers:get("x-ratelimit-remaining"), "^%d+")
    local missing = known.asked - tonumber(left)
    seconds = math.max(1, math.ceil(missing * WINDOW_SECONDS / known.limit))
  end
  if seconds then
    headers:replace("retry-after", string.format("%d", seconds))
  end
  for _, name in ipairs({ MARK, "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset" }) do
    headers:remove(name)
  end
end
