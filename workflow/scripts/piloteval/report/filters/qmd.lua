-- What Quarto's own filters do to a document, for the built-in engine (pandoc 3 with Lua 5.4).
--
-- builtin.py executes the cells and hands over Markdown; this filter turns the Quarto constructs in it (numbered
-- figures, tables, equations and sections, cross references, callouts, conditional content, tabsets, margin notes)
-- into what the HTML, DOCX and Typst writers of pandoc can set. It never stops half-way: every fault of the text is one
-- line "qmd-problem<TAB>kind<TAB>what" on standard error, and builtin.py makes the sentence of it.
--
-- Attributes are given as lists of pairs: a Lua table has no order, and the same page must give the same bytes.

local is_html = FORMAT:match("^html") ~= nil
local is_docx = FORMAT == "docx"
local is_typst = FORMAT == "typst"

-- The words the engine itself writes, in the six languages of the network.
local WORDS = {
  en = {
    fig = "Figure", tbl = "Table", eq = "Equation", sec = "Section",
    note = "Note", tip = "Tip", important = "Important", warning = "Warning", caution = "Caution",
    abstract = "Abstract", contents = "Contents", references = "References", code = "Code", skip = "Skip to the text",
  },
  es = {
    fig = "Figura", tbl = "Tabla", eq = "Ecuación", sec = "Sección",
    note = "Nota", tip = "Consejo", important = "Importante", warning = "Advertencia", caution = "Precaución",
    abstract = "Resumen", contents = "Contenido", references = "Referencias", code = "Código", skip = "Ir al texto",
  },
  pt = {
    fig = "Figura", tbl = "Tabela", eq = "Equação", sec = "Secção",
    note = "Nota", tip = "Sugestão", important = "Importante", warning = "Aviso", caution = "Cuidado",
    abstract = "Resumo", contents = "Índice", references = "Referências", code = "Código", skip = "Ir para o texto",
  },
  de = {
    fig = "Abbildung", tbl = "Tabelle", eq = "Gleichung", sec = "Abschnitt",
    note = "Hinweis", tip = "Tipp", important = "Wichtig", warning = "Warnung", caution = "Vorsicht",
    abstract = "Zusammenfassung", contents = "Inhalt", references = "Literatur", code = "Code", skip = "Zum Text",
  },
  nl = {
    fig = "Figuur", tbl = "Tabel", eq = "Vergelijking", sec = "Paragraaf",
    note = "Opmerking", tip = "Tip", important = "Belangrijk", warning = "Waarschuwing", caution = "Let op",
    abstract = "Samenvatting", contents = "Inhoud", references = "Literatuur", code = "Code", skip = "Naar de tekst",
  },
  fr = {
    fig = "Figure", tbl = "Tableau", eq = "Équation", sec = "Section",
    note = "Note", tip = "Conseil", important = "Important", warning = "Avertissement", caution = "Attention",
    abstract = "Résumé", contents = "Sommaire", references = "Références", code = "Code", skip = "Aller au texte",
  },
}
local CALLOUTS = {"note", "tip", "important", "warning", "caution"}
local NBSP = "\u{a0}"

local words = WORDS.en
local number_sections, number_depth = false, 6
local counts = {fig = 0, tbl = 0, eq = 0}
local section = {}          -- the running section number, one entry a level
local targets = {}          -- label -> {kind, number, title}
local identifiers = {}      -- every identifier of the finished document
local first_level = 1       -- the level of the document's highest heading
local tier = nil            -- the tier banner, taken out of the text and handed to the template
local has_refs = false
local document_meta = {}

local convert               -- blocks -> blocks; defined last, used by every container

local function problem(kind, what)
  io.stderr:write(("qmd-problem\t%s\t%s\n"):format(kind, (what:gsub("%s+", " "))))
end

local function text_of(element) return pandoc.utils.stringify(element) end

local function raw(text) return pandoc.RawBlock(is_docx and "openxml" or is_typst and "typst" or "html", text) end

local function escape_html(text)
  return (text:gsub('[&<>"]', {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;"}))
end

local function id_attribute(identifier) return identifier ~= "" and ' id="' .. identifier .. '"' or "" end

-- Word's paragraph styles are named in builtin.py.
local function in_style(style, blocks, identifier)
  return pandoc.Div(blocks, pandoc.Attr(identifier or "", {}, {{"custom-style", style}}))
end

local function caption_block(style, identifier, caption)
  return in_style(style, {pandoc.Para{pandoc.Span(caption, pandoc.Attr(identifier))}})
end

local function typst_string(text) return '"' .. text:gsub('[\\"]', "\\%0"):gsub("%s+", " ") .. '"' end

-- Labels --------------------------------------------------------------------------------------------------------------

local function kind_of(identifier)
  local kind = (identifier or ""):match("^(%l+)%-.")
  return kind and (counts[kind] or kind == "sec") and kind or nil
end

local function register(identifier, number, title)
  if targets[identifier] then problem("duplicate", identifier) end
  targets[identifier] = {kind = kind_of(identifier), number = number, title = title}
end

local function count(identifier)
  local kind = kind_of(identifier)
  counts[kind] = counts[kind] + 1
  register(identifier, tostring(counts[kind]))
end

-- "Table 3: the caption"; a caption without a label stays as it is.
local function numbered(identifier, caption)
  if not targets[identifier] then return caption end
  local label = words[targets[identifier].kind] .. NBSP .. targets[identifier].number .. (#caption > 0 and ":" or "")
  local head = pandoc.Strong{pandoc.Str(label)}
  if is_html then head = pandoc.Span({head}, pandoc.Attr("", {"caption-label"})) end
  local out = pandoc.Inlines{head}
  if #caption > 0 then out:insert(pandoc.Space()) end
  out:extend(caption)
  return out
end

local function inlines_of(blocks)
  return blocks[1] and blocks[1].content and pandoc.Inlines(blocks[1].content) or pandoc.Inlines{}
end

-- Pictures ------------------------------------------------------------------------------------------------------------

-- A CSS pixel is three quarters of a point; per cent, inches and the like are Typst's own.
local function typst_length(value)
  local pixels = value:match("^([%d.]+)px$") or value:match("^([%d.]+)$")
  return pixels and ("%gpt"):format(tonumber(pixels) * 0.75) or value
end

local function alt_text(image)
  return image.attributes["fig-alt"] or image.attributes.alt or text_of(image.caption)
end

local function check_picture(image)
  if image.src:match("^https?:") or image.src:match("^//") then return problem("remote", image.src) end
  if image.src:match("^data:") then return end
  local file = io.open(image.src, "rb")
  if file then file:close() else problem("picture", image.src) end
end

-- pandoc's Typst writer drops alternative texts, so the call is written here.
local function typst_image(image)
  local parts = {typst_string(image.src), "alt: " .. typst_string(alt_text(image))}
  for _, side in ipairs{"width", "height"} do
    if image.attributes[side] then table.insert(parts, side .. ": " .. typst_length(image.attributes[side])) end
  end
  return "image(" .. table.concat(parts, ", ") .. ")"
end

local function set_picture(image)
  check_picture(image)
  local alt = alt_text(image)
  image.attributes["fig-alt"], image.attributes["fig-align"], image.attributes.alt = nil, nil, nil
  image.caption = alt ~= "" and {pandoc.Str(alt)} or {}
  image.title = ""
  return image
end

-- A figure: pictures (or anything else) with a caption below.
local function figure(identifier, caption, blocks)
  if kind_of(identifier) == "fig" then count(identifier) end
  caption = numbered(identifier, caption)
  local content = pandoc.Blocks{}
  for _, block in ipairs(blocks) do
    if block.t == "Figure" then content:extend(block.content) else content:insert(block) end
  end
  if is_typst then
    content = content:walk{Image = function(image)
      check_picture(image)
      return pandoc.RawInline("typst", "#" .. typst_image(image))
    end}
  else
    content = content:walk{Image = set_picture}
  end
  if is_docx and #content > 1 then
    -- pandoc would lay several pictures out in a table; below each other they are the width they were drawn at
    local pictures = pandoc.Blocks{}
    for _, block in ipairs(content) do pictures:insert(block.t == "Plain" and pandoc.Para(block.content) or block) end
    return pandoc.Blocks{in_style("Captioned Figure", pictures), caption_block("Image Caption", identifier, caption)}
  end
  if not is_html then
    return pandoc.Blocks{pandoc.Figure(content, {long = {pandoc.Plain(caption)}}, pandoc.Attr(identifier))}
  end
  local out = pandoc.Blocks{raw('<figure class="float float-fig"' .. id_attribute(identifier) .. ">")}
  out:extend(content)
  if #caption > 0 then out:extend{raw("<figcaption>"), pandoc.Plain(caption), raw("</figcaption>")} end
  out:insert(raw("</figure>"))
  return out
end

-- Tables --------------------------------------------------------------------------------------------------------------

local function cell_alignment(cell)
  local classes = table.concat(cell.attr.classes, " ")
  local side = classes:match("gt_right") or classes:match("gt_center") or classes:match("gt_left")
  local known = {gt_right = "AlignRight", gt_center = "AlignCenter", gt_left = "AlignLeft"}
  return side and known[side] or cell.alignment
end

local function wrap_inlines(cell, constructor)
  cell.contents = cell.contents:walk{
    traverse = "topdown",
    Plain = function(plain) return pandoc.Plain{constructor(plain.content)}, false end,
    Para = function(para) return pandoc.Para{constructor(para.content)}, false end,
  }
end

-- What an HTML cell looks like and a page can keep: alignment, weight and slant. The rest of its attributes goes.
local function set_cell(cell, head)
  local style, classes = cell.attr.attributes.style or "", cell.attr.classes
  local heading = head or classes:includes("gt_group_heading") or classes:includes("gt_grand_summary_row")
  cell.alignment = cell_alignment(cell)
  if style:match("text%-align:%s*right") then cell.alignment = "AlignRight" end
  if heading or style:match("font%-weight:%s*bold") then wrap_inlines(cell, pandoc.Strong) end
  if style:match("font%-style:%s*italic") then wrap_inlines(cell, pandoc.Emph) end
  cell.attr = pandoc.Attr()
end

local TYPST_SIDES = {AlignLeft = "left", AlignRight = "right", AlignCenter = "center"}

-- A head of two rows: what spans both stands at the foot, and a fine rule parts a spanner from its columns.
local function set_typst_head(rows)
  for number, row in ipairs(rows) do
    for _, cell in ipairs(row.cells) do
      local side = TYPST_SIDES[cell.alignment]
      cell.alignment = "AlignDefault"
      cell.attr.attributes["typst:align"] = (side and side .. " + " or "") .. "bottom"
      if number > 1 then cell.attr.attributes["typst:stroke"] = "(top: 0.4pt + ink)" end
    end
  end
end

local function looks_numeric(cell)
  local text = text_of(cell.contents)
  return text == "" or text == "NaN" or text:match("^[-−+]?[%d.,]+%%?$") ~= nil
end

-- A column stands as its cells do; a data frame does not say, so its numbers go to the right.
local function align_columns(tbl)
  local frame = tbl.attr.classes:includes("dataframe")
  for i, spec in ipairs(tbl.colspecs) do
    local side, numeric = nil, frame
    for _, body in ipairs(tbl.bodies) do
      for _, row in ipairs(body.body) do
        local cell = #row.cells == #tbl.colspecs and row.cells[i]
        if cell then
          if cell.alignment ~= "AlignDefault" then side = side or cell.alignment end
          numeric = numeric and looks_numeric(cell)
        end
      end
    end
    if spec[1] == "AlignDefault" then spec[1] = side or numeric and "AlignRight" or "AlignDefault" end
    tbl.colspecs[i] = spec
  end
end

-- A table's notes stand below it as a paragraph: a foot row would be repeated on every page and ruled like data.
local function notes_of(foot)
  local notes = pandoc.Blocks{}
  for _, row in ipairs(foot.rows) do
    for _, cell in ipairs(row.cells) do
      for _, block in ipairs(cell.contents) do notes:insert(pandoc.Para(block.content or {})) end
    end
  end
  return notes
end

-- Make a table that came from HTML or a pipe table ready for the page: returns it and its notes.
local function set_table(tbl)
  for _, row in ipairs(tbl.head.rows) do
    for _, cell in ipairs(row.cells) do
      set_cell(cell, true)
      if cell.col_span > 1 and cell.alignment == "AlignDefault" then cell.alignment = "AlignCenter" end
    end
    row.attr = pandoc.Attr()
  end
  if is_typst and #tbl.head.rows > 1 then set_typst_head(tbl.head.rows) end
  for _, body in ipairs(tbl.bodies) do
    -- rows that head a group inside the body are rows of their own on a page
    local rows = pandoc.List{}
    rows:extend(body.head); rows:extend(body.body)
    body.head, body.body, body.row_head_columns, body.attr = {}, rows, 0, pandoc.Attr()
    for _, row in ipairs(rows) do
      row.attr = pandoc.Attr()
      for _, cell in ipairs(row.cells) do set_cell(cell, false) end
    end
  end
  align_columns(tbl)
  local notes = notes_of(tbl.foot)
  tbl.foot = pandoc.TableFoot()
  tbl.attr = pandoc.Attr(tbl.identifier)
  return tbl, notes
end

-- Widths the author gave hold. Equal ones that pandoc made of a long line's dashes do not: the words decide.
local function set_widths(tbl, widths)
  local total, shares, equal = 0, {}, true
  for share in (widths or ""):gmatch("[%d.]+") do
    table.insert(shares, tonumber(share))
    total = total + tonumber(share)
  end
  local given = #shares == #tbl.colspecs and total > 0
  for _, spec in ipairs(tbl.colspecs) do
    equal = equal and math.abs((spec[2] or 0) - (tbl.colspecs[1][2] or 0)) < 0.001
  end
  for i, spec in ipairs(tbl.colspecs) do
    if given then tbl.colspecs[i] = {spec[1], shares[i] / total} elseif equal then tbl.colspecs[i] = {spec[1]} end
  end
end

-- A wide table scrolls in a box of its own, which the keyboard can reach and a screen reader can name.
local function scrolling(block, caption_id)
  local name = caption_id and {"aria-labelledby", caption_id} or {"aria-label", words.tbl}
  return pandoc.Div({block}, pandoc.Attr("", {"table-scroll"}, {{"role", "region"}, {"tabindex", "0"}, name}))
end

local function note_block(notes)
  if is_typst then
    local out = pandoc.Blocks{raw("#table-notes[")}
    out:extend(notes); out:insert(raw("]"))
    return out
  end
  return pandoc.Blocks{in_style("Table Notes", notes)}
end

local function html_table_float(identifier, caption, blocks)
  local caption_id = #caption > 0 and identifier ~= "" and identifier .. "-caption" or nil
  local out = pandoc.Blocks{raw('<figure class="float float-tbl"' .. id_attribute(identifier) .. ">")}
  if #caption > 0 then
    out:extend{raw("<figcaption" .. id_attribute(caption_id or "") .. ">"), pandoc.Plain(caption), raw("</figcaption>")}
  end
  for _, block in ipairs(blocks) do
    if block.t == "Table" then
      align_columns(block)
      block.attr = pandoc.Attr("", block.attr.classes)
    end
    local is_table = block.t == "Table" or block.t == "RawBlock" and block.text:match("<table")
    out:insert(is_table and scrolling(block, caption_id) or block)
  end
  out:insert(raw("</figure>"))
  return out
end

local function page_table_float(identifier, caption, blocks)
  local out, placed = pandoc.Blocks{}, false
  for _, block in ipairs(blocks) do
    if block.t == "Table" then
      local tbl, notes = set_table(block)
      if not placed then
        tbl.caption, tbl.identifier = {long = #caption > 0 and {pandoc.Plain(caption)} or {}}, identifier
        placed = true
      end
      out:insert(tbl)
      if #notes > 0 then out:extend(note_block(notes)) end
    else
      out:insert(block)
    end
  end
  if placed then return out end
  -- a float without a table in it: a picture of one, say
  if is_docx then
    out:insert(1, caption_block("Table Caption", identifier, caption))
    return out
  end
  local opening = pandoc.Blocks{raw("#figure(kind: table, caption: ["), pandoc.Plain(caption), raw("])[")}
  opening:extend(out)
  opening:insert(raw("]" .. (identifier ~= "" and " <" .. identifier .. ">" or "")))
  return opening
end

-- A table float: the caption above, then the table, then its notes and whatever else the cell printed.
local function table_float(identifier, caption, blocks, widths)
  if kind_of(identifier) == "tbl" then count(identifier) end
  caption = numbered(identifier, caption)
  for _, block in ipairs(blocks) do
    if block.t == "Table" then
      set_widths(block, widths)
      block.caption = {long = {}}
    end
  end
  if is_html then return html_table_float(identifier, caption, blocks) end
  return page_table_float(identifier, caption, blocks)
end

-- Raw HTML ------------------------------------------------------------------------------------------------------------

local function check_html(text)
  if text:lower():match("<script") then problem("script", "") end
  local address = text:match("[sS][rR][cC]%s*=%s*[\"']?(https?:[^\"'%s>]*)")
  address = address or text:match("url%([\"']?(https?:[^\"')]*)")
  if address then problem("remote", address) end
end

-- A table library prints HTML: kept on a web page, read into a native table everywhere else. A data frame's own HTML
-- says nothing that a native table does not.
local function raw_html(block)
  local text = block.text:gsub("<!%-%-.-%-%->", "")
  check_html(text)
  if not text:match("%S") then return pandoc.Blocks{} end
  if is_html and not text:match('class="dataframe"') then return pandoc.Blocks{pandoc.RawBlock("html", text)} end
  local out = pandoc.Blocks{}
  local function flatten(blocks)
    for _, inner in ipairs(blocks) do
      if inner.t == "Div" then flatten(inner.content) else out:insert(inner) end
    end
  end
  flatten(pandoc.read(text:gsub("<style.-</style>", ""), "html").blocks)
  return out
end

-- Sections ------------------------------------------------------------------------------------------------------------

local function heading(header)
  local level = math.max(header.level - first_level + 1, 1)
  if number_sections and level > number_depth then header.classes:insert("unnumbered") end
  if not header.classes:includes("unnumbered") then
    for deeper = level + 1, #section do section[deeper] = nil end
    for upper = 1, level do section[upper] = section[upper] or 0 end
    section[level] = section[level] + 1
  end
  local number = number_sections and not header.classes:includes("unnumbered") and table.concat(section, ".") or nil
  if kind_of(header.identifier) == "sec" then register(header.identifier, number, header.content) end
  -- the title is the page's only h1
  header.level = is_html and level + 1 or level
  if is_html and number then
    header.content:insert(1, pandoc.Span({pandoc.Str(number)}, pandoc.Attr("", {"header-section-number"})))
    header.content:insert(2, pandoc.Space())
  end
  return header
end

local function is_box(div)
  return div.classes:find_if(function(class) return class:match("^callout") or class == "panel-tabset" end) ~= nil
end

local function find_first_level(blocks, found)
  for _, block in ipairs(blocks) do
    if block.t == "Header" then found = math.min(found, block.level) end
    if block.t == "Div" and not is_box(block) then found = find_first_level(block.content, found) end
  end
  return found
end

-- Divs ----------------------------------------------------------------------------------------------------------------

-- Quarto's names of our three formats: "pdf" means LaTeX there, and the PDF that Typst makes is "typst".
local function is_format(name) return name:match("^html") and is_html or name == FORMAT end

local function meta_is_set(meta, path)
  local value = meta
  for key in path:gmatch("[^.]+") do
    value = type(value) == "table" and value[key] or nil
    if value == nil then return false end
  end
  return value ~= false and text_of(value) ~= "" and text_of(value) ~= "false"
end

local function is_shown(element)
  local attributes, shown = element.attributes, true
  if attributes["when-format"] then shown = shown and is_format(attributes["when-format"]) end
  if attributes["unless-format"] then shown = shown and not is_format(attributes["unless-format"]) end
  if attributes["when-meta"] then shown = shown and meta_is_set(document_meta, attributes["when-meta"]) end
  if attributes["unless-meta"] then shown = shown and not meta_is_set(document_meta, attributes["unless-meta"]) end
  if element.classes:includes("content-hidden") then return not shown end
  return shown
end

local function is_conditional(element)
  return element.classes:includes("content-visible") or element.classes:includes("content-hidden")
end

-- Split a float's Div into caption and content: our own caption Div, or Quarto's last paragraph.
local function split_caption(div)
  local content, caption = pandoc.Blocks{}, nil
  for _, block in ipairs(div.content) do
    if block.t == "Div" and block.classes:includes("float-caption") then
      caption = inlines_of(block.content)
    else
      content:insert(block)
    end
  end
  local last = content[#content]
  local picture = last and last.t == "Para" and #last.content == 1 and last.content[1].t == "Image"
  if not caption and #content > 1 and last.t == "Para" and not picture then caption = content:remove().content end
  return caption, content
end

-- The label stands on the Div; a caption that the table or figure in it has itself is as good as one in the options.
local function float(div)
  local caption, content = split_caption(div)
  local is_table = kind_of(div.identifier) == "tbl" or div.classes:includes("tbl-float")
  local blocks = pandoc.Blocks{}
  for _, block in ipairs(content) do
    if block.t == "Table" or block.t == "Figure" then
      if not caption or #caption == 0 then caption = inlines_of(block.caption.long) end
      if block.t == "Table" then blocks:insert(block) else blocks:extend(block.content) end
    elseif block.t == "RawBlock" and block.format:match("^html") then
      blocks:extend(raw_html(block))
    elseif block.t == "Div" then
      blocks:extend(convert(pandoc.Blocks{block}))
    else
      blocks:insert(block)
    end
  end
  caption = caption or pandoc.Inlines{}
  if is_table then return table_float(div.identifier, caption, blocks, div.attributes["tbl-colwidths"]) end
  return figure(div.identifier, caption, blocks)
end

local function unlisted(header)
  header.classes:extend{"unnumbered", "unlisted"}
  return header
end

local function callout(div, kind)
  local title = pandoc.Inlines{pandoc.Str(words[kind])}
  if div.attributes.title then title = inlines_of(pandoc.read(div.attributes.title, "markdown").blocks) end
  local content = pandoc.Blocks(div.content)
  if content[1] and content[1].t == "Header" then title = content:remove(1).content end
  content = convert(content:walk{Header = unlisted})
  if is_typst then
    local out = pandoc.Blocks{raw('#callout("' .. kind .. '", ['), pandoc.Plain(title), raw("])[")}
    out:extend(content); out:insert(raw("]"))
    return out
  end
  if is_docx then
    content:insert(1, pandoc.Para{pandoc.Strong(title)})
    return pandoc.Blocks{in_style("Callout " .. kind:gsub("^%l", string.upper), content, div.identifier)}
  end
  local body = pandoc.Div(content, pandoc.Attr("", {"callout-body"}))
  local box = ('class="callout callout-%s"'):format(kind) .. id_attribute(div.identifier)
  if div.attributes.collapse then
    local open = div.attributes.collapse == "false" and " open" or ""
    local opening = raw("<details " .. box .. open .. '><summary class="callout-title">')
    return pandoc.Blocks{opening, pandoc.Plain(title), raw("</summary>"), body, raw("</details>")}
  end
  local opening = raw("<div " .. box .. ' role="note" aria-label="' .. escape_html(text_of(title)) .. '">')
  local head = pandoc.Div({pandoc.Plain(title)}, pandoc.Attr("", {"callout-title"}))
  return pandoc.Blocks{opening, head, body, raw("</div>")}
end

-- Tabs one below the other, each under its title; in Word the title is no heading, or it would be in the contents.
local function tabset(div)
  local content = pandoc.Blocks{}
  for _, block in ipairs(div.content) do
    if block.t == "Header" and is_docx then
      content:insert(in_style("Tab Title", {pandoc.Para(block.content)}))
    else
      content:insert(block.t == "Header" and unlisted(block) or block)
    end
  end
  content = convert(content)
  return is_html and pandoc.Blocks{pandoc.Div(content, pandoc.Attr(div.identifier, {"tabset"}))} or content
end

local function styled(div, style, typst_call, open, close)
  local content = convert(div.content)
  if is_docx then return pandoc.Blocks{in_style(style, content, div.identifier)} end
  content:insert(1, raw(is_typst and "#" .. typst_call .. "[" or open))
  content:insert(raw(is_typst and "]" or close))
  return content
end

local PAGE_BREAK = {
  html = '<div class="page-break"></div>',
  docx = '<w:p><w:r><w:br w:type="page"/></w:r></w:p>',
  typst = "#pagebreak(weak: true)",
}

local function convert_div(div)
  if is_conditional(div) then return is_shown(div) and convert(div.content) or pandoc.Blocks{} end
  for _, kind in ipairs(CALLOUTS) do
    if div.classes:includes("callout-" .. kind) then return callout(div, kind) end
  end
  local kind = kind_of(div.identifier)
  if kind == "fig" or kind == "tbl" then return float(div) end
  if div.classes:includes("fig-float") or div.classes:includes("tbl-float") then return float(div) end
  if div.classes:includes("panel-tabset") then return tabset(div) end
  if div.classes:includes("column-margin") or div.classes:includes("aside") then
    return styled(div, "Margin Note", "margin-note", '<aside class="column-margin">', "</aside>")
  end
  if div.classes:includes("page-break") then return pandoc.Blocks{raw(PAGE_BREAK[is_html and "html" or FORMAT])} end
  if div.classes:includes("tier-banner") then
    local name = div.classes:find_if(function(class) return class:match("^tier%-") and class ~= "tier-banner" end)
    tier = {content = pandoc.Blocks(div.content), classes = table.concat(div.classes, " ")}
    tier.name = name and name:match("^tier%-(.+)$")
    return pandoc.Blocks{}
  end
  if div.classes:includes("colophon") then
    return styled(div, "Colophon", "colophon", '<div class="colophon">', "</div>")
  end
  if div.classes:includes("code-fold") and is_html then
    local out = pandoc.Blocks{raw('<details class="code-fold"><summary>' .. words.code .. "</summary>")}
    out:extend(div.content)
    out:insert(raw("</details>"))
    return out
  end
  if div.identifier == "refs" then has_refs = true end
  div.content = convert(div.content)
  return pandoc.Blocks{div}
end

-- Equations -----------------------------------------------------------------------------------------------------------

-- pandoc's formula with its source as alternative text, so that a screen reader has something to say.
local function typst_math(math, more)
  local body = pandoc.write(pandoc.Pandoc{pandoc.Plain{math}}, "typst"):gsub("%s+$", "")
  local block = math.mathtype == "DisplayMath" and "block: true, " or ""
  local source = typst_string(math.text:match("^%s*(.-)%s*$"))
  return ("#math.equation(%s%salt: %s, %s)"):format(block, more or "", source, body)
end

local function numbered_equation(math, identifier)
  count(identifier)
  local number = "(" .. targets[identifier].number .. ")"
  if is_docx then
    math.text = math.text .. "\\qquad " .. number
    return pandoc.Para{pandoc.Span({math}, pandoc.Attr(identifier))}
  end
  if is_typst then
    return raw(typst_math(math, "numbering: (..n) => [" .. number .. "], ") .. " <" .. identifier .. ">")
  end
  local label = pandoc.Span({pandoc.Str(number)}, pandoc.Attr("", {"equation-number"}))
  return pandoc.Div({pandoc.Plain{math}, pandoc.Plain{label}}, pandoc.Attr(identifier, {"equation"}))
end

local function is_gap(inline) return inline and (inline.t == "Space" or inline.t == "SoftBreak") end

local function trim(inlines)
  while is_gap(inlines[#inlines]) do inlines:remove() end
  while is_gap(inlines[1]) do inlines:remove(1) end
  return inlines
end

-- A paragraph may hold text before and after its display formulas: each numbered one stands alone.
local function convert_para(para)
  local out, line = pandoc.Blocks{}, pandoc.Inlines{}
  for _, inline in ipairs(para.content) do
    local label = inline.t == "Str" and inline.text:match("^{#(eq%-[%w_-]+)}$")
    local formula = label and trim(line)[#line]
    if formula and formula.t == "Math" and formula.mathtype == "DisplayMath" then
      line:remove()
      if #trim(line) > 0 then out:insert(pandoc.Para(line)) end
      out:insert(numbered_equation(formula, label))
      line = pandoc.Inlines{}
    else
      line:insert(inline)
    end
  end
  if #trim(line) > 0 then out:insert(pandoc.Para(line)) end
  return out
end

-- Blocks --------------------------------------------------------------------------------------------------------------

local function lone_figure(para)
  local image = #para.content == 1 and para.content[1]
  return image and image.t == "Image" and kind_of(image.identifier) == "fig" and image or nil
end

local function convert_items(items)
  local out = pandoc.List{}
  for _, item in ipairs(items) do out:insert(convert(item)) end
  return out
end

local CONVERT = {
  Header = function(block) return pandoc.Blocks{heading(block)} end,
  Div = convert_div,
  Figure = function(block)
    local image = nil
    block.content:walk{Image = function(found) image = image or found end}
    local identifier = block.identifier
    if identifier == "" and image then identifier = image.identifier end
    return figure(identifier, inlines_of(block.caption.long), block.content)
  end,
  Table = function(block)
    local caption, widths = inlines_of(block.caption.long), block.attributes["tbl-colwidths"]
    return table_float(block.identifier, caption, pandoc.Blocks{block}, widths)
  end,
  Para = function(block)
    local image = lone_figure(block)
    if image then
      local identifier = image.identifier
      image.identifier = ""
      return figure(identifier, pandoc.Inlines(image.caption), pandoc.Blocks{pandoc.Plain{image}})
    end
    return convert_para(block)
  end,
  RawBlock = function(block)
    if not block.format:match("^html") then return pandoc.Blocks{block} end
    local out = pandoc.Blocks{}
    for _, inner in ipairs(raw_html(block)) do
      if inner.t == "Table" then
        out:extend(table_float("", inlines_of(inner.caption.long), pandoc.Blocks{inner}))
      else
        out:insert(is_html and block.text:match("<table") and scrolling(inner) or inner)
      end
    end
    return out
  end,
  CodeBlock = function(block)
    if is_conditional(block) and not is_shown(block) then return pandoc.Blocks{} end
    return pandoc.Blocks{block}
  end,
  BlockQuote = function(block) return pandoc.Blocks{pandoc.BlockQuote(convert(block.content))} end,
  BulletList = function(block) return pandoc.Blocks{pandoc.BulletList(convert_items(block.content))} end,
  OrderedList = function(block)
    return pandoc.Blocks{pandoc.OrderedList(convert_items(block.content), block.listAttributes)}
  end,
}

convert = function(blocks)
  local out = pandoc.Blocks{}
  for _, block in ipairs(blocks) do
    local handler = CONVERT[block.t]
    if handler then out:extend(handler(block)) else out:insert(block) end
  end
  return out
end

-- References ----------------------------------------------------------------------------------------------------------

local function reference_text(citation)
  local target = targets[citation.id]
  local out = pandoc.Inlines{}
  if not target.number then
    out:extend(target.title)
  elseif citation.mode == "SuppressAuthor" then
    out:insert(pandoc.Str(target.number))
  elseif #citation.prefix > 0 then
    out:extend(citation.prefix)
    out:insert(pandoc.Str(NBSP .. target.number))
  else
    out:insert(pandoc.Str(words[target.kind] .. NBSP .. target.number))
  end
  return out
end

local function resolver(known)
  return function(cite)
    local out, inside = pandoc.Inlines{}, 0
    for i, citation in ipairs(cite.citations) do
      local id = citation.id
      -- @Fig-x asks for a capital at the start of a sentence; the words have one anyway
      local lower = id:gsub("^%u", string.lower)
      if not targets[id] and targets[lower] then id, citation.id = lower, lower end
      if targets[id] then
        inside = inside + 1
        if i > 1 then out:extend{pandoc.Str(","), pandoc.Space()} end
        out:insert(pandoc.Link(reference_text(citation), "#" .. id, "", pandoc.Attr("", {"xref"})))
        if #citation.suffix > 0 then out:extend(citation.suffix) end
      elseif not known[id] then
        problem("unresolved", id)
      end
    end
    if inside == 0 then return nil end
    if inside < #cite.citations then problem("mixed", cite.citations[1].id) end
    return out
  end
end

local function bibliography_ids(doc)
  local known = {}
  if doc.meta.bibliography or doc.meta.references then
    for _, reference in ipairs(pandoc.utils.references(doc)) do known[reference.id] = true end
  end
  return known
end

-- Pictures in running text; those in figures are set already, and setting one twice changes nothing.
local function inline_image(image)
  if not is_typst then return set_picture(image) end
  check_picture(image)
  return pandoc.RawInline("typst", "#box(" .. typst_image(image) .. ")")
end

local function inline_math(math)
  if is_typst then return pandoc.RawInline("typst", typst_math(math)) end
end

local function inline_span(span)
  if is_conditional(span) then return is_shown(span) and span.content or {} end
end

local function raw_inline(inline)
  if not inline.format:match("^html") then return nil end
  if inline.text:match("^<!%-%-") then return {} end
  check_html(inline.text)
end

-- Typst stops at a link to a label that is not there (an anchor in raw HTML, say), so such a link is only its text.
local function dead_link(link)
  local anchor = link.target:match("^#(.+)$")
  if not is_html and anchor and not identifiers[anchor] then return link.content end
end

local function collect_identifiers(doc)
  local function remember(element)
    if element.identifier and element.identifier ~= "" then identifiers[element.identifier] = true end
  end
  doc:walk{Block = remember, Inline = remember}
  for id in pairs(targets) do identifiers[id] = true end
end

local function set_meta(meta)
  meta["toc-title"] = meta["toc-title"] or words.contents
  meta["abstract-title"] = meta["abstract-title"] or words.abstract
  meta["skip-text"] = words.skip
  if tier and not is_docx then
    meta["tier-banner"], meta["tier-classes"] = pandoc.MetaBlocks(tier.content), tier.classes
    meta.tier = tier.name
  end
  return meta
end

-- A page that cites and has no place for the references gets one, with a heading, at its end.
local function add_references(doc, known)
  if has_refs or next(known) == nil or doc.meta["suppress-bibliography"] or doc.meta["reference-section-title"] then
    return
  end
  local title = pandoc.Header(is_html and 2 or 1, words.references, pandoc.Attr("references", {"unnumbered"}))
  doc.blocks:extend{title, pandoc.Div({}, pandoc.Attr("refs"))}
end

function Pandoc(doc)
  local meta = doc.meta
  document_meta = meta
  words = WORDS[(meta.lang and text_of(meta.lang) or "en"):sub(1, 2)] or WORDS.en
  number_sections = meta["number-sections"] == true
  number_depth = meta["number-depth"] and tonumber(text_of(meta["number-depth"])) or 6
  first_level = find_first_level(doc.blocks, 7)
  if first_level == 7 then first_level = 1 end
  local known = bibliography_ids(doc)
  doc.blocks = convert(doc.blocks)
  if tier and is_docx then doc.blocks:insert(1, in_style("Tier Banner", tier.content)) end
  doc = doc:walk{Cite = resolver(known), Span = inline_span, RawInline = raw_inline}
  add_references(doc, known)
  doc = doc:walk{Image = inline_image, Math = inline_math}
  collect_identifiers(doc)
  doc = doc:walk{Link = dead_link}
  doc.meta = set_meta(doc.meta)
  return doc
end
