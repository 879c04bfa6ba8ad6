"""Export the interviews for coders: with suggestions, blind for a second coder, and the codebook alone."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.intake.refi import write_codebook
    from piloteval.qualitative import codebook, codebook_page, exchange

    about = {name: this.params.about[name] for name in ("title", "banner")}
    book, texts, name = codebook.read_codebook(this.files("codebook")[0]), this.read("texts"), about["title"]
    precoded = exchange.export(texts, book, this.read("suggestions"), name=name)
    second, _drawn = exchange.blind(texts, book, name=f"{name}: second coder", **this.params.drawn)
    codes, page = write_codebook(exchange.codes_of(book)), codebook_page.codebook_page(book, **about)
    this.write(precoded=precoded, blind=second, codes=codes, page=page)
