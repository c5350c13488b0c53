-- What a request has in common with those that should meet its replica, for the ring of the cluster
-- (tokenfleet/plan/edge/envoy/balancing.py). It is left in filter state: no header of a client can set
-- it, and no replica sees it.
--
-- A prompt is read as it is written, escapes included, and no further than WINDOW: a body costs the
-- same whatever is in it, and what is no JSON, or nothing but brackets, costs no more. A request
-- without a key goes to any replica that is not above the bound.

local STATE, FACTORY = "tokenfleet.prefix", "envoy.hashable_string"
local METADATA = "edge"
-- Bytes of text that must agree. A shared system prompt is longer; of a shorter one the first
-- question counts, too, so that a conversation stays where it began.
local PREFIX = 1024
-- Bytes of the body that are looked at.
local WINDOW = 65536

-- Where the prompt of a chat, a completion and a response or an embedding is.
local PROMPTS = { messages = true, prompt = true, input = true }
-- Texts within a prompt that the model reads; those around them (roles, ids, images) are not read.
local TEXTS = { content = true, text = true }
-- Sent by OpenCode and for OpenRouter, and by Codex (docs/edge.md).
local SESSIONS = { "x-session-id", "session-id" }

local BACKSLASH, QUOTE, OPEN, CLOSE = 92, 34, 123, 125
local OPEN_LIST, CLOSE_LIST = 91, 93
local byte, find, sub = string.byte, string.find, string.sub

-- Where the string that opens at `from` closes; nothing if it does not within the window.
local function closing(body, from)
  local at = from
  while true do
    at = find(body, '"', at + 1, true)
    if not at then
      return nil
    end
    local before = at - 1
    while byte(body, before) == BACKSLASH do
      before = before - 1
    end
    if (at - before) % 2 == 1 then
      return at
    end
  end
end

-- What the prompt begins with, after the instructions of a response wherever they stand.
local function beginning(body)
  -- Instructions may stand behind the input of a response: it alone is no reason to end.
  local depth, section, name, is_enough = 0, nil, nil, false
  local instructions, prompt, numbers = "", "", nil
  local at = find(body, '[%[%]{}"]')
  while at do
    local character = byte(body, at)
    if character == QUOTE then
      local close = closing(body, at)
      local is_name = close and find(body, "^%s*:", close + 1)
      if is_name then
        name = sub(body, at + 1, math.min(close - 1, at + 32))
        if depth == 1 then
          section, name = name, nil
          if PROMPTS[section] then
            numbers = select(2, find(body, "^%s*:%s*", close + 1)) + 1
          end
        end
      elseif PROMPTS[section] and (name == nil or TEXTS[name]) then
        local last = math.min((close or #body + 1) - 1, at + PREFIX - #prompt)
        prompt = prompt .. sub(body, at + 1, last)
        is_enough = #prompt >= PREFIX and section ~= "input"
      elseif section == "instructions" and depth == 1 then
        instructions = sub(body, at + 1, math.min((close or #body + 1) - 1, at + PREFIX))
      end
      if not close or is_enough or #instructions >= PREFIX then
        break
      end
      at = close
    elseif character == OPEN or character == OPEN_LIST then
      depth = depth + 1
    else
      depth = depth - 1
      name = nil
    end
    at = find(body, '[%[%]{}"]', at + 1)
  end
  if prompt == "" and numbers and byte(body, numbers) == OPEN_LIST then
    local close = find(body, "]", numbers, true) or #body
    prompt = sub(body, numbers, math.min(close, numbers + PREFIX - 1))
  end
  return sub(instructions .. prompt, 1, PREFIX)
end

-- By which session a client tells its requests apart, if it does; its name keeps those of clients apart.
local function session(headers, cache_key)
  local id = cache_key
  for _, header in ipairs(SESSIONS) do
    id = id or headers:get(header)
  end
  return id and table.concat({ "session", headers:get("x-client-id") or "", id }, "|")
end

-- What the prompt begins with; engines share nothing between adapters, nor between salts.
local function prompt(body, model, salt)
  local text = beginning(body:getBytes(0, math.min(body:length(), WINDOW)))
  return text ~= "" and table.concat({ "prompt", model or "", salt or "", text }, "|")
end

function envoy_on_request(handle)
  local metadata = handle:streamInfo():dynamicMetadata():get(METADATA) or {}
  local key = session(handle:headers(), metadata.cache_key)
  if not key then
    local body = handle:body()
    key = body and prompt(body, metadata.model, metadata.cache_salt)
  end
  if key then
    -- Asked for anew: what was got before the body came is of no use after it.
    handle:streamInfo():filterState():set(STATE, FACTORY, key)
  end
end
