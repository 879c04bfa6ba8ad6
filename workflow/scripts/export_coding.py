"""Export the interviews for coders: with suggestions, blind for a second coder, and the codebook alone."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.qualitative import refi
    from piloteval.qualitative.codebook import read_codebook

    book, texts, name = read_codebook(this.files("codebook")[0]), this.read("texts"), this.params.title
    precoded = refi.export(texts, book, this.read("suggestions"), name=name)
    second, _drawn = refi.blind(texts, book, name=f"{name}: second coder", **this.params.drawn)
    this.write(precoded=precoded, blind=second, codes=refi.write_codebook(refi.codes_of(book)))
