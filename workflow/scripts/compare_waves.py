"""Compare two waves in every outcome."""

from piloteval.job import job

with job(snakemake) as this:
    from piloteval.config import read_instruments
    from piloteval.measures import change

    enrolled = {"found": len(this.read("participants")), "planned": this.params.planned}
    settings = this.values("outcomes", "settings", "waves", "confidence", "min_n", "registered")
    floor = this.params.tiers["internal_floor"]
    instruments = read_instruments(this.files("instruments"))
    scores, responses = this.read("scores"), this.read("responses")
    found = change.compare(scores, responses, instruments, enrolled=enrolled, floor=floor, **settings)
    this.write(single_items=found.pop("items"), **found)
