-- One control request, again and again. Settings come as environment variables; the result leaves as one line of JSON.
wrk.method = 'PUT'
wrk.body = os.getenv('BENCH_BODY')
wrk.headers['Content-Type'] = 'application/json'
wrk.headers['Authorization'] = 'Bearer ' .. os.getenv('BENCH_TOKEN')

-- "{broker}" in the path and "{client}" in the body become a number below these, a random one for each request.
local brokers = tonumber(os.getenv('BENCH_BROKERS'))
local clients = tonumber(os.getenv('BENCH_CLIENTS'))
local path, body = os.getenv('BENCH_PATH'), wrk.body

if brokers > 1 or clients > 1 then
  function request()
    return wrk.format(
      nil,
      (path:gsub('{broker}', math.random(0, brokers - 1))),
      nil,
      (body:gsub('{client}', math.random(0, clients - 1)))
    )
  end
else
  wrk.path = path:gsub('{broker}', '0')
  wrk.body = body:gsub('{client}', '0')
end

-- Mean time between an answer and the connection's next request, milliseconds; evenly spread over 0 to twice that.
local pause = tonumber(os.getenv('BENCH_PAUSE_MS'))
if pause > 0 then
  function delay()
    return math.floor(math.random() * 2 * pause + 0.5)
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"durationMs":%d,"p50Ms":%.3f,"p99Ms":%.3f,"maxMs":%.3f,"refused":%d,"lost":%d}\n',
    summary.requests, summary.duration / 1000,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout
  ))
end
