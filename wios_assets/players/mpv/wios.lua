-- Who is on screen, in mpv.
--
-- Reads a film's sidecar, <film>.wios.json, beside the film or in WIOS's exports folder, or asks WIOS's page for it.
-- y: who is on screen, with pictures; again: close.     Y: choose a person.
-- n and N: the chosen person's next and previous scene.
-- Other keys in input.conf: `F5 script-binding wios/who` (choose, next, previous).
-- Options in script-opts/wios.conf; see the table below.
-- From other programs: `script-message-to wios wios-state REPLY` answers with the script message REPLY and a JSON text.

local mp = require "mp"
local utils = require "mp.utils"
local assdraw = require "mp.assdraw"

local options = {
    folder = "",          -- WIOS's exports folder, searched where no sidecar lies beside the film
    address = "",         -- address of WIOS's page, asked where there is no sidecar: http://127.0.0.1:3001
    token = "",           -- the page's token, if it has one
    font_size = 26,       -- in pixels of a picture 720 pixels high
    pictures = true,      -- whether portraits are shown
    perhaps = true,       -- whether likely names of unknown people are shown
}
require("mp.options").read_options(options, "wios")

local FIRST_OVERLAY = 40        -- overlays of mpv are numbered 0 to 63 over all scripts
local MOST_SHOWN = 8
local LARGEST_SIDECAR = 64 * 1024 * 1024
local HEAD_BYTES = 1024
local JUST_NOW_S = 1.0          -- "previous" goes on to the scene before within this much of a scene's start

local sidecar = nil             -- the document, or nil
local sheet = nil               -- path of the portrait sheet that fits the document, or nil
local problem = nil             -- why there is no sidecar, a sentence
local downloaded = {}           -- temporary files, removed when the film ends
local overlays = 0              -- overlays in use
local visible = false
local chosen = nil              -- name of the chosen person
local selected = 1              -- line of the menu
local menu_open = false
local generation = 0            -- counts films, so that a late answer for an earlier one is dropped
local osd = mp.create_osd_overlay("ass-events")
local shown_text = ""
local shown_key = nil
local draw

local function escape(text)
    -- A zero-width no-break space keeps ASS from reading a backslash as a command.
    text = text:gsub("\\", "\\\239\187\191"):gsub("{", "\\{"):gsub("}", "\\}"):gsub("[\r\n]+", " ")
    return text
end

local function clock(seconds)
    local whole = math.floor(seconds)
    return string.format("%02d:%02d:%02d", math.floor(whole / 3600), math.floor(whole / 60) % 60, whole % 60)
end

local function percent(share)
    if share > 0 and share < 0.01 then
        return "< 1 %"
    end
    return share >= 0.995 and share < 1 and "> 99 %" or string.format("%d %%", math.floor(share * 100 + 0.5))
end

local function read(path, bytes)
    local file = io.open(path, "rb")
    if not file then
        return nil
    end
    local content = file:read(bytes or LARGEST_SIDECAR)
    file:close()
    return content
end

-- The document in a text, or nil and why it is none.
local function parse(text)
    local document = text and utils.parse_json(text)
    if type(document) ~= "table" or document.document ~= "wios/sidecar" then
        return nil, "is no sidecar of WIOS"
    end
    if document.version ~= 1 then
        return nil, "is of a newer WIOS; run `wios players install mpv` again"
    end
    if type(document.people) ~= "table" or type(document.appearances) ~= "table" then
        return nil, "is incomplete"
    end
    return document
end

local function use(document, portraits)
    sidecar, sheet, problem = document, nil, nil
    local layout = document.portraits
    if options.pictures and layout and portraits then
        local head = read(portraits, layout.first_byte)
        if head and head:sub(1, 17) == "WIOS portraits 1 " and head:sub(18, 33) == layout.token then
            sheet = portraits
        end
    end
    -- A person chosen in one film stays chosen in the next one that has the person.
    selected = 1
    draw(true)
end

-- Whether the head of a sidecar in the exports folder is that of a file with this name and size.
local function belongs(head, name, size)
    local start = head and head:find('"file":{"name":', 1, true)
    if not start then
        return false
    end
    local object = head:match('"file":(%b{})', start)
    local file = object and utils.parse_json(object)
    return file and file.name == name and (not size or not file.bytes or file.bytes == size)
end

local function sidecar_in_folder(folder, name, size)
    for _, entry in ipairs(utils.readdir(folder, "files") or {}) do
        if entry:match("%.wios%.json$") then
            local path = utils.join_path(folder, entry)
            if belongs(read(path, HEAD_BYTES), name, size) then
                return path
            end
        end
    end
    return nil
end

-- curl reads its arguments from stdin, so that no other process sees the token.
local function fetch(address, file, done)
    local function quoted(text)
        return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("[\r\n]", "") .. '"'
    end
    local config = "url = " .. quoted(address) .. "\noutput = " .. quoted(file) .. "\n"
    if options.token ~= "" then
        config = config .. "header = " .. quoted("Authorization: Bearer " .. options.token) .. "\n"
    end
    mp.command_native_async({
        name = "subprocess",
        args = { "curl", "--silent", "--show-error", "--fail", "--max-time", "10", "--max-filesize",
            tostring(LARGEST_SIDECAR), "--config", "-" },
        stdin_data = config,
        capture_stderr = true,
        playback_only = false,
    }, function(success, result)
        done(success and result.status == 0, result and result.stderr or "")
    end)
end

local function percent_encoded(text)
    return (text:gsub("[^%w%-%._~]", function(c) return string.format("%%%02X", c:byte()) end))
end

local function ask_page(stem)
    local mine = generation
    local base = options.address:gsub("/+$", "") .. "/api/films/" .. percent_encoded(stem) .. "/export?what=sidecar&format="
    local document_file, sheet_file = os.tmpname(), os.tmpname()
    downloaded = { document_file, sheet_file }
    fetch(base .. "json", document_file, function(ok, reason)
        if mine ~= generation then
            return
        end
        local document, fault
        if ok then
            document, fault = parse(read(document_file))
        end
        if not document then
            problem = "Nothing is known of this film: no sidecar, and " .. options.address .. " "
                .. (fault or ("has none (" .. reason:gsub("%s+$", "") .. ")"))
            draw(true)
            return
        end
        use(document, nil)
        fetch(base .. "bgra", sheet_file, function(fetched)
            if fetched and mine == generation then
                use(document, sheet_file)
            end
        end)
    end)
end

local function forget_film()
    generation = generation + 1
    sidecar, sheet, problem = nil, nil, nil
    for _, file in ipairs(downloaded) do
        os.remove(file)
    end
    downloaded = {}
end

local function load_film()
    forget_film()
    local path = mp.get_property("path")
    if not path or path:match("^%a[%w+.-]+://") then
        problem = "Only films in files have a sidecar."
        draw(true)
        return
    end
    local folder, name = utils.split_path(path)
    local stem = name:gsub("%.[^.]*$", "")
    local info = utils.file_info(path)
    local beside = utils.join_path(folder, stem .. ".wios.json")
    local found = utils.file_info(beside) and beside
    if not found and options.folder ~= "" then
        local exports = mp.command_native({ "expand-path", options.folder })
        found = sidecar_in_folder(exports, name, info and info.size)
    end
    if found then
        local document, fault = parse(read(found))
        if document then
            use(document, (found:gsub("%.json$", ".bgra")))
            return
        end
        problem = found .. " " .. fault
    elseif options.address ~= "" then
        problem = "Asking " .. options.address .. " …"
        ask_page(stem)
    else
        problem = "Nothing is known of this film: there is no " .. stem .. ".wios.json"
    end
    draw(true)
end

-- Appearances at an instant; at the film's very end, those of the last one.
local function on_screen(seconds)
    local people = {}
    for _, each in ipairs(sidecar.appearances) do
        if each.start_s > seconds then
            break
        end
        if seconds < each.end_s then
            people[#people + 1] = each
        end
    end
    table.sort(people, function(a, b)
        return a.person < b.person
    end)
    return people
end

local function unreadable(seconds)
    for _, each in ipairs(sidecar.film.unreadable or {}) do
        if each.start_s <= seconds and seconds < each.end_s then
            return true
        end
    end
    return false
end

-- A person's lines: the name, and what is known besides.
local function lines_of(appearance)
    local person = sidecar.people[appearance.person + 1]
    local more = {}
    if person.kind ~= "cast" then
        local likely = {}
        for _, each in ipairs(options.perhaps and appearance.perhaps or {}) do
            likely[#likely + 1] = each.actor .. " " .. percent(each.probability)
        end
        return "unknown", #likely > 0 and "perhaps " .. table.concat(likely, ", ") or ""
    end
    if person.character then
        more[#more + 1] = person.character
    end
    if appearance.probability then
        more[#more + 1] = percent(appearance.probability)
    end
    return person.actor, table.concat(more, " · ")
end

local function remove_overlays(from)
    for number = from, overlays - 1 do
        mp.commandv("overlay-remove", tostring(FIRST_OVERLAY + number))
    end
    overlays = math.min(overlays, from)
end

local function show_portraits(portraits)
    local layout = sidecar and sidecar.portraits
    for index, portrait in ipairs(portraits) do
        local offset = layout.first_byte + portrait.number * layout.stride * layout.height
        mp.commandv("overlay-add", tostring(FIRST_OVERLAY + index - 1), tostring(math.floor(portrait.x)),
            tostring(math.floor(portrait.y)), sheet, tostring(offset), "bgra", tostring(layout.width),
            tostring(layout.height), tostring(layout.stride))
    end
    remove_overlays(#portraits)
    overlays = #portraits
end

local function panel(width, height)
    local scale = height / 720
    local size = options.font_size * scale
    local margin = 24 * scale
    local portrait = sheet and sidecar.portraits.height or 0
    local row = math.max(portrait + 8 * scale, size * 2.4)
    local time = mp.get_property_number("time-pos", 0)
    local ass, texts, portraits, y = assdraw.ass_new(), {}, {}, margin

    local function write(text, x, line, bold, smaller)
        ass:new_event()
        ass:append(string.format("{\\an7\\pos(%d,%d)\\fs%d\\b%d\\bord%.1f\\shad0\\1c&HFFFFFF&\\3c&H000000&}",
            math.floor(x), math.floor(line), math.floor(smaller and size * 0.75 or size), bold and 1 or 0, 2 * scale))
        ass:append(escape(text))
    end

    if not sidecar then
        write(problem or "…", margin, y, false, true)
        return ass.text, problem or "", portraits
    end
    local people = on_screen(time)
    if #people == 0 then
        local text = unreadable(time) and "The video could not be read here" or "Nobody is known to be on screen"
        write(text, margin, y)
        texts[1] = text
    end
    for index, appearance in ipairs(people) do
        if index > MOST_SHOWN or (index > 1 and y + row > height - margin) then
            local rest = string.format("and %d more", #people - index + 1)
            write(rest, margin, y, false, true)
            texts[#texts + 1] = rest
            break
        end
        local person = sidecar.people[appearance.person + 1]
        local name, more = lines_of(appearance)
        local x = margin
        if sheet then
            if person.portrait then
                portraits[#portraits + 1] = { number = person.portrait, x = margin, y = y }
            end
            x = margin + sidecar.portraits.width + 12 * scale
        end
        write(name, x, y + math.max(0, (portrait - size * 2) / 2), true)
        if more ~= "" then
            write(more, x, y + math.max(0, (portrait - size * 2) / 2) + size * 1.15, false, true)
        end
        texts[#texts + 1] = more ~= "" and name .. " (" .. more .. ")" or name
        y = y + row
    end
    return ass.text, table.concat(texts, "\n"), portraits
end

local function menu(height)
    local scale = height / 720
    local size = options.font_size * scale
    local ass, texts = assdraw.ass_new(), {}
    local fits = math.max(3, math.floor((height - 100 * scale) / (size * 1.2)))
    local first = math.max(1, math.min(selected - math.floor(fits / 2), #sidecar.people - fits + 1))
    local lines = { "Whose scenes?  ↑ ↓ Enter, Esc" }
    for index = first, math.min(#sidecar.people, first + fits - 1) do
        local person = sidecar.people[index]
        local mark = index == selected and "▶ " or "\194\160\194\160\194\160\194\160"
        lines[#lines + 1] = string.format("%s%s  (%d scene%s, first at %s)", mark, person.actor, #person.scenes,
            #person.scenes == 1 and "" or "s", person.scenes[1] and clock(person.scenes[1].start_s) or "–")
    end
    for index, line in ipairs(lines) do
        ass:new_event()
        ass:append(string.format("{\\an7\\pos(%d,%d)\\fs%d\\b%d\\bord%.1f\\shad0}", math.floor(24 * scale),
            math.floor(24 * scale + (index - 1) * size * 1.2), math.floor(size * 0.9), index == 1 and 1 or 0, 2 * scale))
        ass:append(escape(line))
        texts[#texts + 1] = line
    end
    return ass.text, table.concat(texts, "\n")
end

function draw(anew)
    if not visible and not menu_open then
        if shown_text ~= "" then
            osd:remove()
            remove_overlays(0)
            shown_text, shown_key = "", nil
        end
        return
    end
    local width, height = mp.get_osd_size()
    if not width or width <= 0 then
        return
    end
    local data, text, portraits
    if menu_open then
        data, text = menu(height)
        portraits = {}
    else
        data, text, portraits = panel(width, height)
    end
    local key = string.format("%s %dx%d", data, width, height)
    for _, portrait in ipairs(portraits) do
        key = key .. " " .. portrait.number
    end
    -- The picture changes many times a second, the people in it seldom.
    if anew or key ~= shown_key then
        osd.res_x, osd.res_y, osd.data = width, height, data
        osd:update()
        show_portraits(portraits)
        shown_text, shown_key = text, key
    end
end

local function message(text)
    mp.osd_message(text, 3)
    mp.msg.info(text)
end

local function person_called(name)
    for _, person in ipairs(sidecar and sidecar.people or {}) do
        if person.actor == name then
            return person
        end
    end
    return nil
end

local function toggle()
    visible = not visible
    draw(true)
end

local function choose(name)
    if not person_called(name) then
        message("Nobody called " .. name .. " is in this film")
        return
    end
    chosen = name
    message("Scenes of " .. name .. ": n next, N previous")
end

local function close_menu()
    menu_open = false
    for _, key in ipairs({ "up", "down", "enter", "esc" }) do
        mp.remove_key_binding("wios-menu-" .. key)
    end
    draw(true)
end

local function move(by)
    selected = (selected - 1 + by) % #sidecar.people + 1
    draw(true)
end

local function open_menu()
    if not sidecar or #sidecar.people == 0 then
        message(problem or "Nobody is known in this film")
        return
    end
    if menu_open then
        close_menu()
        return
    end
    menu_open = true
    local repeatable = { repeatable = true }
    mp.add_forced_key_binding("UP", "wios-menu-up", function() move(-1) end, repeatable)
    mp.add_forced_key_binding("DOWN", "wios-menu-down", function() move(1) end, repeatable)
    mp.add_forced_key_binding("ESC", "wios-menu-esc", close_menu)
    mp.add_forced_key_binding("ENTER", "wios-menu-enter", function()
        local name = sidecar.people[selected].actor
        close_menu()
        choose(name)
    end)
    -- mpv makes new keys known when the script is idle; until then they would still do what they did before.
    if mp.flush_keybindings then
        mp.flush_keybindings()
    end
    draw(true)
end

-- Jump to the chosen person's next scene (1) or previous one (-1).
local function jump(direction)
    local person = chosen and person_called(chosen)
    if not person then
        open_menu()
        return
    end
    local now, wanted = mp.get_property_number("time-pos", 0), nil
    for _, scene in ipairs(person.scenes) do
        if direction > 0 and scene.start_s > now + 0.05 then
            wanted = wanted or scene
        elseif direction < 0 and scene.start_s < now - JUST_NOW_S then
            wanted = scene
        end
    end
    if not wanted then
        message(direction > 0 and "No later scene of " .. chosen or "No earlier scene of " .. chosen)
        return
    end
    mp.commandv("seek", string.format("%.3f", wanted.start_s), "absolute", "exact")
    message(string.format("%s: %s – %s", chosen, clock(wanted.start_s), clock(wanted.end_s)))
end

mp.add_key_binding("y", "who", toggle)
mp.add_key_binding("Y", "choose", open_menu)
mp.add_key_binding("n", "next", function() jump(1) end)
mp.add_key_binding("N", "previous", function() jump(-1) end)
mp.register_script_message("wios-person", choose)
mp.register_script_message("wios-state", function(reply)
    local state = utils.format_json({
        visible = visible,
        menu = menu_open,
        text = shown_text,
        pictures = overlays,
        chosen = chosen or "",
        film = sidecar and sidecar.film.key or "",
        problem = problem or "",
    })
    mp.commandv("script-message", reply, state)
end)

mp.register_event("file-loaded", load_film)
mp.register_event("end-file", function()
    if menu_open then
        close_menu()
    end
    forget_film()
    draw(true)
end)
mp.register_event("shutdown", forget_film)
mp.observe_property("time-pos", "number", function() draw(false) end)
mp.observe_property("osd-dimensions", "native", function() draw(true) end)
