"""Photos and sounds that a table names by web address, fetched when a person asks for it and never else.

Only `shelfspace fetch-media` imports this: neither the chain nor the service reaches for the network.
"""

from catalog.fetching.fetch import Fetched, addresses_of, fetch_media
from catalog.fetching.hosts import Hosts

__all__ = ["Fetched", "Hosts", "addresses_of", "fetch_media"]
