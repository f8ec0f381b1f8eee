-- wrk asks for the lines of a file in turn: method, address, cookie and body, parted by tabs.
-- Usage: wrk … -s rotate.lua http://127.0.0.1:6000 -- requests.tsv
local asked, at = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local method, path, cookie, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)$")
    local headers = { ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0" }
    if cookie ~= "" then headers["Cookie"] = cookie end
    if body ~= "" then headers["Content-Type"] = "application/x-www-form-urlencoded" end
    asked[#asked + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
end

function request()
  at = at % #asked + 1
  return asked[at]
end

function done(summary, latency)
  local wrong = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.4f,"p50":%.3f,"p99":%.3f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    wrong.connect + wrong.read + wrong.write + wrong.status + wrong.timeout))
end
