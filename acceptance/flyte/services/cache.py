"""CacheService v2: outputs by key, and who is about to compute them."""

import time

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.cacheservice import cacheservice_pb2 as cache
from flyteidl2.cacheservice.v2.cacheservice_connect import CacheService

from details import timestamp


def key_of(request):
    identifier = request.identifier
    return (identifier.project, identifier.domain, request.base_request.key)


class Cache(CacheService):
    """Keeps it all in memory."""

    def __init__(self, world):
        self.world = world

    async def get(self, request, ctx):
        output = self.world.cache.get(key_of(request))
        if output is None:
            raise ConnectError(Code.NOT_FOUND, "nothing is cached by this key")
        return cache.GetCacheResponse(output=output)

    async def put(self, request, ctx):
        key, asked = key_of(request), request.base_request
        if key in self.world.cache and not asked.overwrite.overwrite:
            raise ConnectError(Code.ALREADY_EXISTS, "this key has an output already")
        self.world.cache[key] = asked.output
        return cache.PutCacheResponse()

    async def delete(self, request, ctx):
        self.world.cache.pop(key_of(request), None)
        return cache.DeleteCacheResponse()

    async def get_or_extend_reservation(self, request, ctx):
        key, asked = key_of(request), request.base_request
        owner, expires = self.world.reservations.get(key, ("", 0))
        if owner in ("", asked.owner_id) or expires < time.time():
            owner, expires = asked.owner_id, time.time() + 2 * asked.heartbeat_interval.ToSeconds()
            self.world.reservations[key] = (owner, expires)
        reservation = cache.Reservation(
            key=asked.key, owner_id=owner, heartbeat_interval=asked.heartbeat_interval, expires_at=timestamp(expires)
        )
        return cache.GetOrExtendReservationResponse(reservation=reservation)

    async def release_reservation(self, request, ctx):
        key = key_of(request)
        if self.world.reservations.get(key, ("", 0))[0] == request.base_request.owner_id:
            del self.world.reservations[key]
        return cache.ReleaseReservationResponse()
